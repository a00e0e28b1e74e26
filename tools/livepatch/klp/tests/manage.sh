#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# klp's managing verbs on a kernel made of files; prints KTAP.
#
#	BIN=<directory of the test programs> tests/manage.sh [CASE...]

# shellcheck source=/dev/null
. "$(dirname "$0")/manage-lib.sh"

P=klp_one

# ---- load, unload, enable, disable ------------------------------------------------

case_load_waits_and_unload_removes()
{
	run 0 load "$(patch_module $P)"
	expect_has "$P: enabled" "$OUT"
	expect_eq state 1 "$(state $P)"
	run 0 unload $P
	expect_has "$P: absent" "$OUT"
	expect_eq log "insert remove" "$(cut -d' ' -f1 "$KLP_ROOT/log" | sort -u | xargs)"
}

case_what_is_so_already_is_no_error()
{
	run 0 load "$(patch_module $P)"
	run 0 load "$TMP/$P.ko"
	expect_has "enabled already" "$OUT"
	run 0 enable $P
	run 0 disable $P
	run 0 disable $P
	expect_has "disabled already" "$OUT"
}

case_an_unknown_patch_is_an_error()
{
	run 1 disable klp_none
	run 1 unload klp_none
	run 1 enable klp_none
	run 1 load klp_none
	expect_has "neither installed nor" "$ERR"
}

case_a_disabled_patch_is_loaded_anew()
{
	run 0 load "$(patch_module $P)"
	run 0 disable $P
	expect_eq state gone "$(state $P)"
	run 0 enable $P
	expect_eq state 1 "$(state $P)"
	expect_eq insertions 2 "$(grep -c insert "$KLP_ROOT/log")"
}

case_a_file_that_has_changed_is_not_loaded_anew()
{
	run 0 load "$(patch_module $P)"
	run 0 disable $P
	echo >> "$TMP/$P.ko"
	run 1 enable $P
	expect_has "klp load FILE" "$ERR"
}

case_an_enabling_patch_is_turned_round()
{
	hold none
	run 0 load "$(patch_module $P)" -t 1 --on-timeout keep
	expect_eq state 1 "$(state $P)"
	hold 0
	run 0 disable $P
	expect_eq state gone "$(state $P)"
}

case_parameters_are_passed_on()
{
	run 0 load "$(patch_module $P)" a=1 b=2
	expect_has "a=1 b=2" "$(cat "$KLP_ROOT/log")"
	run 2 load "$TMP/$P.ko" nonsense
}

case_dashes_and_paths_are_names()
{
	run 0 load "$(patch_module $P)"
	run 0 disable "/x/klp-one.ko.xz"
	expect_has "$P: disabled" "$OUT"
}

# ---- Time limits and signals --------------------------------------------------------

case_time_up_reverts()
{
	hold 0
	run 4 load "$(patch_module $P)" --timeout 1 --json
	expect_eq outcome reverted "$(json 'd["outcome"]')"
	expect_eq state absent "$(json 'd["state"]')"
	expect_eq exit 4 "$(json 'd["exit"]')"
	expect_eq blockers 11 "$(json 'd["blockers"][0]["tid"]')"
	expect_eq reason "in cmdline_proc_show of $P" "$(json 'd["blockers"][0]["reason"]')"
	expect_eq "modules" "" "$(ls "$KLP_ROOT/sys/module")"
}

case_time_up_of_disabling_enables_again()
{
	run 0 load "$(patch_module $P)"
	hold 1
	run 4 disable $P -t 1
	expect_has "turned round" "$ERR"
	expect_eq state 1 "$(state $P)"
	expect_eq transition 0 "$(cat "$KLP_ROOT/sys/kernel/livepatch/$P/transition")"
}

case_time_up_keeps_or_fails_as_told()
{
	hold none
	run 4 load "$(patch_module $P)" -t 1 --on-timeout fail
	expect_eq transition 1 "$(cat "$KLP_ROOT/sys/kernel/livepatch/$P/transition")"
	run 4 load "$TMP/$P.ko" -t 1 --on-timeout fail --json
	expect_eq outcome left "$(json 'd["outcome"]')"
	expect_eq transition 1 "$(cat "$KLP_ROOT/sys/kernel/livepatch/$P/transition")"
}

# interrupt ARGUMENT...: Ctrl-C when the transition is under way
interrupt()
{
	"$KLP" "$@" > "$TMP/out" 2>&1 &
	PID=$!
	wait_until grep -qs 1 "$KLP_ROOT/sys/kernel/livepatch/$P/transition"
	sleep 0.2
	kill -INT $PID
	wait $PID
	STATUS=$?
}

case_ctrl_c_reverts()
{
	hold 0
	set -m	# or background jobs ignore it
	interrupt load "$(patch_module $P)"
	expect_eq status 130 "$STATUS"
	expect_eq state gone "$(state $P)"
	expect_has "turned round" "$(cat "$TMP/out")"
}

case_ctrl_c_leaves_as_told()
{
	hold 0
	set -m
	interrupt load "$(patch_module $P)" --on-interrupt keep
	expect_eq status 130 "$STATUS"
	expect_eq state 1 "$(state $P)"
}

# ---- Refusals --------------------------------------------------------------------------

case_what_is_no_livepatch_is_refused()
{
	run 3 load "$(module klp_plain)"
	expect_has "no livepatch module" "$ERR"
	run 1 load /etc/passwd
	run 3 load "$(module $P livepatch=Y "vermagic=6.6.6 SMP")"
	expect_has "was built for 6.6.6" "$ERR"
}

case_a_module_that_is_no_livepatch_is_left_alone()
{
	mkdir "$KLP_ROOT/sys/module/ext4"
	echo > "$KLP_ROOT/sys/module/ext4/taint"
	run 1 unload ext4
	expect_eq "still there" ext4 "$(ls "$KLP_ROOT/sys/module")"
}

# note OWNER TYPE HEX: as in /sys/kernel/notes
note()
{
	printf "\\x04\\0\\0\\0\\x02\\0\\0\\0\\x$2\\0\\0\\0$1\\0$3\\0\\0"
}

case_another_build_of_the_kernel_is_refused()
{
	{ note ABC 03 '\x11\x22'; note GNU 01 '\x11\x22'; note GNU 03 '\xab\x01'; } > "$KLP_ROOT/sys/kernel/notes"
	run 3 load "$(patch_module $P klp_build_id=vmlinux:1122)"
	expect_has "another build of vmlinux" "$ERR"
	run 3 check "$TMP/$P.ko"
	run 0 info "$TMP/$P.ko" --json
	expect_eq fits False "$(json 'd["fits"]')"
	run 0 install "$TMP/$P.ko"
	run 3 boot
	run 0 load "$(patch_module $P klp_build_id=vmlinux:ab01 klp_build_id=absent_mod:12)"
	printf '\4\0\0\0\377\377\377\377\3\0\0\0GNU\0' > "$KLP_ROOT/sys/kernel/notes"
	run 0 info "$TMP/$P.ko"
}

# build_id NAME HEX: adds it to the module of that name
build_id()
{
	note GNU 03 "$2" > "$TMP/note"
	objcopy --add-section .note.gnu.build-id="$TMP/note" \
		--set-section-flags .note.gnu.build-id=alloc,readonly "$TMP/$1.ko"
}

case_another_patch_of_that_name_is_not_loaded_already()
{
	patch_module $P > /dev/null
	build_id $P '\xab\x01'
	run 0 load "$TMP/$P.ko"
	mkdir "$KLP_ROOT/sys/module/$P/notes"
	cp "$TMP/note" "$KLP_ROOT/sys/module/$P/notes/.note.gnu.build-id"
	run 0 load "$TMP/$P.ko"
	expect_has "enabled already" "$OUT"
	patch_module $P > /dev/null
	build_id $P '\xab\x02'
	run 3 load "$TMP/$P.ko"
	expect_has "another patch of that name" "$ERR"
	run 0 install "$TMP/$P.ko"
	run 3 boot
	expect_has "another patch of that name" "$ERR"
	expect_eq "what is not survived yet" 0 "$(guard 'len(d["loaded"])' 2> /dev/null || echo 0)"
}

case_the_kernels_reason_is_told()
{
	echo 22 > "$KLP_ROOT/refuse"
	sed -i '2a printf "3,1,1,-;livepatch: symbol not found\\n" >> "$KLP_ROOT/dev/kmsg"' "$KLP_ROOT/insert"
	run 3 load "$(patch_module $P)"
	expect_has "Invalid argument" "$ERR"
	expect_has "the kernel says: livepatch: symbol not found" "$ERR"
}

case_busy_is_tried_again()
{
	echo 16 > "$KLP_ROOT/refuse"
	(sleep 0.3; rm "$KLP_ROOT/refuse") &
	run 0 load "$(patch_module $P)"
	[ "$(grep -c insert "$KLP_ROOT/log")" -gt 1 ] || fail "not tried again"
}

case_busy_for_good_is_an_error()
{
	echo 16 > "$KLP_ROOT/refuse"
	run 1 load "$(patch_module $P)"
	expect_has "busy" "$ERR"
	expect_eq tries 6 "$(grep -c insert "$KLP_ROOT/log")"
}

case_another_transition_is_waited_for()
{
	hold none
	run 0 load "$(patch_module klp_other)" -t 1 --on-timeout keep
	run 4 load "$(patch_module $P)" -t 1
	expect_has "another patch is in transition: klp_other" "$ERR"
	(sleep 0.5; rm "$KLP_ROOT/hold") &
	run 0 load "$TMP/$P.ko" -t 10
}

case_wrong_command_lines_are_usage_errors()
{
	run 2 load
	run 2 load x --on-timeout never
	run 2 load x --timeout soon
	run 2 load x --timeout -1
	run 2 disable a b
	run 2 disable a --stack
	run 2 unload ""
	run 2 list x
	run 0 load --help
	expect_has "--on-timeout revert|keep|fail" "$OUT"
}

# ---- Watching -----------------------------------------------------------------------------

case_wrong_places_are_told_before_anything_is_built()
{
	: > "$TMP/x.patch"
	run 1 build -o "$TMP/nowhere/x.ko" "$TMP/x.patch"
	expect_has "nowhere: there is no such directory" "$ERR"
	run 1 build -n x -o "$TMP" "$TMP/x.patch"
	expect_has "is a directory" "$ERR"
	run 1 link -o "$TMP/nowhere/x.ko" "$(patch_module $P)"
	run 2 link --vmlinux "$TMP/vmlinux" "$TMP/$P.ko"
	expect_has "go with --build" "$ERR"
}

case_status_tells_all()
{
	run 0 load "$(patch_module $P)"
	run 0 status --json
	expect_eq kernel $RELEASE "$(json 'd["kernel"]')"
	expect_eq core stock "$(json 'd["core"]')"
	expect_eq transition None "$(json 'd["transition"]')"
	expect_eq function cmdline_proc_show \
		"$(json 'd["patches"][0]["objects"][0]["functions"][0]["name"]')"
	expect_eq state enabled "$(json 'd["patches"][0]["state"]')"
	run 0 status
	expect_has "vmlinux: cmdline_proc_show" "$OUT"
	run 1 status klp_none
}

case_blockers_come_from_proc_where_the_core_does_not_tell()
{
	hold none
	run 0 load "$(patch_module $P)" -t 1 --on-timeout keep
	run 0 blockers --json
	expect_eq source proc "$(json 'd["source"]')"
	expect_eq patch $P "$(json 'd["patch"]')"
	expect_eq tids "[11]" "$(json '[b["tid"] for b in d["blockers"]]')"
	expect_eq comm 'a\011b11' "$(json 'd["blockers"][0]["comm"]')"
	expect_eq attempts None "$(json 'd["blockers"][0]["attempts"]')"
	run 0 blockers --stack
	expect_has "schedule+0x1" "$OUT"
	run 0 status --json
	expect_eq "tasks left" 1 "$(json 'd["patches"][0]["tasks_left"]')"
	expect_eq "tasks moved" 2 "$(json 'd["patches"][0]["tasks_moved"]')"
}

case_blockers_come_from_the_core_where_it_tells()
{
	telling_core
	hold none
	run 0 load "$(patch_module $P)" -t 1 --on-timeout keep
	printf '7\t8\ta\\tb\tunpatched\t10\t2989\tin f of %s\n... 3 more\n' $P \
		> "$KLP_ROOT/sys/kernel/livepatch/$P/blockers"
	printf 'stack 53\nidle 1\npasses 12\nelapsed_us 4905631\nhold_us 5\n' \
		> "$KLP_ROOT/sys/kernel/livepatch/$P/stats"
	run 0 blockers --json
	expect_eq blocker "7 8 10 2989 in f of $P" \
		"$(json '" ".join(str(d["blockers"][0][k]) for k in ("pid", "tid", "attempts", "ms", "reason"))')"
	expect_eq "not shown" 3 "$(json 'd["not_shown"]')"
	run 0 status --json
	expect_eq moved "54 4" \
		"$(json '"%d %d" % (d["patches"][0]["tasks_moved"], d["patches"][0]["tasks_left"])')"
	expect_eq stats 4905631 "$(json 'd["patches"][0]["stats"]["elapsed_us"]')"
}

case_nobody_blocks_without_a_transition()
{
	run 0 blockers
	expect_has "no patch is in transition" "$OUT"
	run 0 blockers --json
	expect_eq patch None "$(json 'd["patch"]')"
}

case_metrics_are_in_their_format()
{
	run 0 load "$(patch_module $P)"
	printf 'stack 53\nelapsed_us 4905631\n' > "$KLP_ROOT/sys/kernel/livepatch/$P/stats"
	run 0 status --prometheus
	expect_has "livepatch_enabled{patch=\"$P\"} 1" "$OUT"
	expect_has "stat=\"elapsed_seconds\"} 4.905631" "$OUT"
	expect_has "livepatch_info{patch=\"$P\",state=\"enabled\",version=\"1.0\"} 1" "$OUT"
	! printf '%s\n' "$OUT" | grep -vE '^# (HELP|TYPE) livepatch_|^livepatch_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.]+$' ||
		fail "a line is not in the format"
	run 0 status --prometheus --output "$TMP/livepatch.prom"
	expect_eq "printed" "" "$OUT"
	expect_has livepatch_installed "$(cat "$TMP/livepatch.prom")"
}

case_watching_goes_on_until_interrupted()
{
	set -m
	"$KLP" status --watch --json > "$TMP/watch" &
	sleep 1.5
	run 0 load "$(patch_module $P)"
	sleep 1.5
	kill -INT $!
	wait $! || fail "ended with $?"
	[ "$(wc -l < "$TMP/watch")" -ge 2 ] || fail "too little: $(cat "$TMP/watch")"
	expect_has "$P" "$(tail -n 1 "$TMP/watch")"
}

case_list_has_what_is_loaded_and_what_is_kept()
{
	run 0 install "$(patch_module klp_kept)"
	run 0 load "$(patch_module $P)"
	run 0 list --json
	expect_eq list "klp_one enabled False, klp_kept absent True" \
		"$(json '", ".join("%s %s %s" % (p["name"], p["state"], p["installed"]) for p in d)')"
	run 0 list
	expect_has "klp_kept" "$OUT"
}

case_info_tells_what_a_file_is()
{
	run 0 info "$(patch_module $P version=2.1 klp_cve=CVE-2026-0001 klp_cve=CVE-2026-0002)" --json
	expect_eq name $P "$(json 'd["name"]')"
	expect_eq cves "CVE-2026-0001 CVE-2026-0002" "$(json '" ".join(d["cves"])')"
	expect_eq fits True "$(json 'd["fits"]')"
	expect_eq state absent "$(json 'd["state"]')"
	expect_eq function cmdline_proc_show "$(json 'd["objects"][0]["functions"][0]["name"]')"
	expect_eq sum "$(sha256sum "$TMP/$P.ko" | cut -d' ' -f1)" "$(json 'd["sha256"]')"
	run 0 info "$TMP/$P.ko"
	expect_has "CVE-2026-0002" "$OUT"
	run 1 info klp_none
}

# survives ARGUMENT...: any status of klp's own, and no complaint of a sanitizer
survives()
{
	local got

	"$KLP" "$@" > "$TMP/out" 2>&1
	got=$?
	[ "$got" -le 4 ] || fail "klp $*: status $got: $(cat "$TMP/out")"
	! grep -E 'runtime error|Sanitizer' "$TMP/out" || fail "klp $*: a sanitizer complains"
}

case_broken_files_are_errors_and_no_crashes()
{
	local size i

	patch_module $P > "$TMP/path"
	size=$(stat -c %s "$TMP/$P.ko")
	for ((i = 0; i < 40; i++)); do
		cp "$TMP/$P.ko" "$TMP/broken.ko"
		if [ $((i % 2)) = 0 ]; then
			truncate -s $((RANDOM % size)) "$TMP/broken.ko"
		else
			head -c 8 /dev/urandom | dd of="$TMP/broken.ko" conv=notrunc bs=1 \
				seek=$((RANDOM % size)) status=none
		fi
		survives info "$TMP/broken.ko"
		survives check "$TMP/broken.ko" --json
	done
}

# ---- check ------------------------------------------------------------------------------------

case_check_foresees_on_a_stock_kernel()
{
	run 0 check "$(patch_module $P)" --json
	expect_eq method foresight "$(json 'd["method"]')"
	expect_eq blockers "11 12 13" "$(json '" ".join(str(b["tid"]) for b in d["blockers"])')"
	expect_eq inserted "" "$(cat "$KLP_ROOT/log" 2> /dev/null)"
	run 3 check "$(patch_module klp_bad klp_func=vmlinux:no_such,1 klp_func=absent_mod:f,1)" --json
	expect_has "no_such: no such symbol" "$(json 'd["problems"]')"
	expect_eq absent "['absent_mod']" "$(json 'd["absent_modules"]')"
}

case_check_tells_what_the_module_needs()
{
	run 3 check "$(patch_module $P depends=ext4,klp-x)"
	expect_has "needs module ext4" "$OUT"
	expect_has "needs module klp-x" "$OUT"
}

case_check_names_who_redirects()
{
	printf 'cmdline_proc_show (1) R I\ttramp: 0xffff (somebody+0x0/0x10 [other])\n' \
		> "$KLP_ROOT/sys/kernel/tracing/enabled_functions"
	run 3 check "$(patch_module $P)"
	expect_has "somebody" "$OUT"
}

case_check_rehearses_where_the_core_can()
{
	telling_core
	cat > "$KLP_ROOT/report" <<-END
	patch: $P
	absent_mod: not loaded
	functions: 3 ready, 1 when their modules come
	tasks that would block now:
	7	8	sleeper	unpatched	0	0	in f of $P
	... 5 more
	running, not looked at: 2
	result: ok
	END
	run 0 check "$(patch_module $P)" --json
	expect_eq summary "preflight ok 3 1 2 8 5" "$(json \
	'" ".join(str(x) for x in (d["method"], d["result"], d["functions_ready"], d["functions_later"], d["tasks_not_looked_at"], d["blockers"][0]["tid"], d["blockers_not_shown"]))')"
	expect_eq state gone "$(state $P)"
	printf 'patch: %s\nvmlinux: f: -EINVAL, no such\nresult: -EINVAL\n' $P > "$KLP_ROOT/report"
	run 3 check "$TMP/$P.ko"
	expect_has "vmlinux: f: -EINVAL" "$OUT"
	printf 'patch: %s\n' $P > "$KLP_ROOT/report"
	run 3 check "$TMP/$P.ko"
}

# Left named, the patch could not be loaded: the kernel would rehearse once more.
case_an_interrupted_rehearsal_does_not_stay_named()
{
	local pid

	telling_core
	patch_module $P > /dev/null
	printf '#!/bin/bash\ntouch "$KLP_ROOT/begun"\nread -r < "$KLP_ROOT/go"\nexit 22\n' > "$KLP_ROOT/insert"
	mkfifo "$KLP_ROOT/go"
	setsid "$KLP" check "$TMP/$P.ko" > "$TMP/out" 2> "$TMP/err" &
	pid=$!
	wait_until test -e "$KLP_ROOT/begun"
	expect_eq named $P "$(cat "$KLP_ROOT/sys/module/livepatch/parameters/preflight")"
	kill -TERM $pid
	echo > "$KLP_ROOT/go"
	wait $pid
	expect_eq named "" "$(cat "$KLP_ROOT/sys/module/livepatch/parameters/preflight")"
}

# ---- force ---------------------------------------------------------------------------------------

case_force_asks()
{
	run 1 force
	hold none
	run 0 load "$(patch_module $P)" -t 1 --on-timeout keep
	run 2 force
	expect_eq transition 1 "$(cat "$KLP_ROOT/sys/kernel/livepatch/$P/transition")"
	run 0 force --yes
	expect_eq transition 0 "$(cat "$KLP_ROOT/sys/kernel/livepatch/$P/transition")"
	run 0 history --json
	expect_has force "$(json 'd[-1]["verb"]')"
}

# ---- install, boot ------------------------------------------------------------------------------

kept_files()
{
	(cd "$KLP_ROOT/var/lib/livepatch/$RELEASE" && echo *.ko)
}

# guard EXPRESSION: of the boot guard's file
guard()
{
	python3 -c "import json, sys; d = json.load(sys.stdin); print($1)" \
		< "$KLP_ROOT/var/lib/livepatch/guard.json"
}

case_what_is_installed_is_loaded_at_boot()
{
	run 0 install "$(patch_module $P)" "$(patch_module klp_two)"
	rm "$TMP"/*.ko
	run 0 boot
	expect_eq log "insert $P insert klp_two" "$(cut -d' ' -f1,2 "$KLP_ROOT/log" | xargs)"
	reboot
	run 0 load --installed
	expect_eq state 1 "$(state klp_two)"
	run 0 uninstall $P
	run 1 uninstall $P
	run 0 list --json
	expect_eq installed "klp_two" "$(json '" ".join(p["name"] for p in d if p["installed"])')"
	expect_eq state 1 "$(state $P)"
}

kept_files()
{
	(cd "$KLP_ROOT/var/lib/livepatch/$RELEASE" && echo *.ko)
}

# A file that the manifest names is never written to: whenever the power goes, it fits.
case_a_new_version_is_written_beside_the_old_one()
{
	run 0 install "$(patch_module $P)"
	expect_eq file $P.ko "$(kept_files)"
	run 0 install "$(patch_module $P version=2)"
	expect_eq file "$P-$(sha256sum "$TMP/$P.ko" | cut -c 1-12).ko" "$(kept_files)"
	run 0 install "$TMP/$P.ko"
	expect_eq "files, of one installed twice" 1 "$(kept_files | wc -w)"
	run 0 boot
	expect_has "$(kept_files)" "$(cat "$KLP_ROOT/log")"
	run 0 install "$(patch_module $P version=3)"
	expect_eq file $P.ko "$(kept_files)"
	run 0 uninstall $P
	expect_eq "files, uninstalled" '*.ko' "$(kept_files)"
}

case_a_name_is_loaded_from_the_store()
{
	run 0 install "$(patch_module $P)"
	rm "$TMP/$P.ko"
	run 0 load $P
	expect_has "/var/lib/livepatch/$RELEASE/$P.ko" "$(cat "$KLP_ROOT/log")"
}

case_patches_of_another_kernel_are_not_loaded()
{
	run 0 install "$(module $P livepatch=Y "vermagic=6.6.6 SMP")"
	expect_has "at boot of 6.6.6" "$OUT"
	run 0 boot
	expect_eq inserted "" "$(cat "$KLP_ROOT/log" 2> /dev/null)"
	run 3 install "$TMP/$P.ko" --release 6.7.7
	run 2 install "$TMP/$P.ko" --release ../x
	run 0 uninstall $P --release 6.6.6
}

case_a_damaged_file_is_not_loaded()
{
	run 0 install "$(patch_module $P)" "$(patch_module klp_two)"
	echo >> "$KLP_ROOT/var/lib/livepatch/$RELEASE/$P.ko"
	run 3 boot
	expect_has "checksum differs" "$ERR"
	expect_eq state gone "$(state $P)"
	expect_eq "the other one" 1 "$(state klp_two)"
	run 1 load $P
}

case_a_damaged_manifest_is_told()
{
	run 0 install "$(patch_module $P)"
	echo '{' > "$KLP_ROOT/var/lib/livepatch/$RELEASE/manifest.json"
	run 1 boot
	expect_has "is damaged" "$ERR"
	echo '{"patches":[{"name":"x","file":"../../x","sha256":"0"}]}' > "$KLP_ROOT/var/lib/livepatch/$RELEASE/manifest.json"
	run 1 boot
	expect_has "is damaged" "$ERR"
}

case_two_crashes_condemn_a_patch()
{
	run 0 install "$(patch_module $P)" "$(patch_module klp_two)"
	run 0 boot
	reboot			# without having survived
	run 0 boot
	reboot
	run 3 boot --json
	expect_has "the machine went down" "$OUT"
	expect_eq state gone "$(state $P)"
	run 0 boot --reset
	run 0 boot
	expect_eq state 1 "$(state $P)"
}

case_surviving_clears_a_patch()
{
	run 0 install "$(patch_module $P)"
	run 0 boot
	reboot
	run 0 boot
	run 0 boot --survived
	reboot
	run 0 boot
	reboot
	run 0 boot
	expect_eq state 1 "$(state $P)"
}

case_the_same_boot_counts_once()
{
	run 0 install "$(patch_module $P)"
	run 0 boot
	run 0 boot
	run 0 boot
	reboot
	run 0 boot
	expect_eq state 1 "$(state $P)"
}

# An admin takes a patch out and back in: that is no second crash.
case_loaded_twice_in_a_boot_counts_once()
{
	run 0 install "$(patch_module $P)"
	run 0 boot
	run 0 unload $P
	run 0 boot
	reboot
	run 0 boot
	expect_eq state 1 "$(state $P)"
	expect_eq crashes 1 "$(guard 'list(d["crashes"].values())[0]')"
}

# --survived comes while others are still to be loaded: what it cleared stays cleared.
case_survival_during_boot_is_kept()
{
	run 0 install "$(patch_module $P)" "$(patch_module klp_two)"
	mv "$KLP_ROOT/insert" "$KLP_ROOT/insert.real"
	cat > "$KLP_ROOT/insert" <<-'END'
	#!/bin/bash
	[ "$1" = klp_two ] || "$KLP" boot --survived
	exec "$KLP_ROOT/insert.real" "$@"
	END
	chmod +x "$KLP_ROOT/insert"
	KLP=$KLP run 0 boot
	expect_eq state 1 "$(state klp_two)"
	expect_eq "what is not survived yet" 1 "$(guard 'len(d["loaded"])')"
}

case_stopping_the_boot_unit_is_survival()
{
	run 0 install "$(patch_module $P)"
	hold none
	"$KLP" boot --timeout 600 --on-interrupt keep 2> /dev/null &
	wait_until test -d "$KLP_ROOT/sys/kernel/livepatch/$P"
	kill -TERM $!
	wait $!
	expect_eq status 143 $?
	expect_eq "what is not survived yet" 0 "$(guard 'len(d["loaded"])')"
}

case_a_mended_patch_starts_afresh()
{
	run 0 install "$(patch_module $P)"
	run 0 boot
	reboot
	run 0 boot
	reboot
	run 3 boot
	run 0 install "$(patch_module $P version=2)"
	run 0 boot
	expect_eq state 1 "$(state $P)"
}

case_a_patch_that_was_refused_is_not_blamed()
{
	run 0 install "$(patch_module $P)"
	echo 22 > "$KLP_ROOT/refuse"
	for _ in 1 2 3; do
		run 3 boot
		expect_has "Invalid argument" "$ERR"
		reboot
	done
	rm "$KLP_ROOT/refuse"
	run 0 boot
}

case_an_orderly_shutdown_is_survival()
{
	run 0 install "$(patch_module $P)"
	run 0 boot
	"$KLP" boot --survive 600 &
	sleep 0.5
	kill -TERM $!
	wait $! || fail "ended with $?"
	expect_eq "loaded" "[]" "$(guard 'd["loaded"]')"
	run 0 boot --survive 1
}

case_the_command_line_switches_it_off()
{
	run 0 install "$(patch_module $P)"
	echo "quiet livepatch=off" > "$KLP_ROOT/proc/cmdline"
	run 0 boot
	expect_has "livepatch=off" "$ERR"
	expect_eq state gone "$(state $P)"
}

case_a_damaged_guard_is_begun_anew()
{
	run 0 install "$(patch_module $P)"
	echo garbage > "$KLP_ROOT/var/lib/livepatch/guard.json"
	run 0 boot
	expect_has "begun anew" "$ERR"
}

# ---- history -------------------------------------------------------------------------------------

case_history_tells_what_was_done()
{
	run 0 load "$(patch_module $P)"
	printf '{"cut' >> "$KLP_ROOT/var/lib/livepatch/history"
	run 0 disable $P
	echo 22 > "$KLP_ROOT/refuse"
	run 3 load "$(patch_module klp_bad)"
	run 0 history --json
	expect_eq history "load ok enabled, disable ok disabled" \
		"$(json '", ".join(" ".join((e["verb"], e["outcome"], e["state"])) for e in d[:2])')"
	run 0 history $P -n 1
	expect_eq lines 1 "$(printf '%s\n' "$OUT" | wc -l)"
	expect_has disable "$OUT"
}

case_history_has_whole_lines_or_none()
{
	local file=$KLP_ROOT/var/lib/livepatch/history size

	run 0 load "$(patch_module $P)"
	size=$(stat -c %s "$file")
	(
		trap '' XFSZ
		ulimit -f $((size / 1024 + 1))
		head -c $(((size / 1024 + 1) * 1024 - size - 10)) /dev/zero | tr '\0' ' ' >> "$file"
		echo >> "$file"
		size=$(stat -c %s "$file")
		run 0 disable $P
		expect_eq "size of a file that cannot grow" "$size" "$(stat -c %s "$file")"
	) || exit 1
	run 0 history --json
	expect_eq "entries" 1 "$(json 'len(d)')"
}

main "$@"
