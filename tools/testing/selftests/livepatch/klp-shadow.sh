#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Shadow variables, as modules use them.  What one module can see by itself is
# in the KUnit suite livepatch_shadow.

. "$(dirname "$0")/klp-lib.sh"

CALL=/sys/module/klp_test_shadow/parameters/call
OBJS="0 1 0xdead000000000000 -1"
IDS="0 7 8 -1"

# says WANT CALL...: what comes of a call, see klp_test_shadow.c
says()
{
	local want=$1 said

	shift
	write "$*" "$CALL"
	read -r said < "$CALL"
	expect_eq "$*" "$want" "$said"
}

# Variables outlive everything: no case may leave any.
free_the_lot()
{
	local id

	mod_loaded klp_test_shadow || mod_load klp_test_shadow
	for id in $IDS; do
		write "free_all $id" "$CALL"
	done
}

load()
{
	mod_load klp_test_shadow
	klp_on_cleanup free_the_lot
}

case_variable_outlives_the_module_that_made_it()
{
	load
	says "value 42" alloc 0x1000 7 42
	rmmod klp_test_shadow
	mod_load klp_test_shadow
	says "value 42" get 0x1000 7
	says "destroyed 1" free 0x1000 7
	says none get 0x1000 7
}

case_object_and_id_may_be_any_numbers()
{
	local n=0 obj id

	load
	for obj in $OBJS; do
		for id in $IDS; do
			n=$((n + 1))
			says none get "$obj" "$id"
			says "value $n" alloc "$obj" "$id" "$n"
		done
	done
	n=0
	for obj in $OBJS; do
		for id in $IDS; do
			n=$((n + 1))
			says "value $n" get "$obj" "$id"
			says "destroyed 1" free "$obj" "$id"
			says "destroyed 0" free "$obj" "$id"
			says none get "$obj" "$id"
		done
	done
}

case_get_or_alloc_keeps_what_is_there()
{
	load
	says "value 1" get_or_alloc 0x1000 7 1
	says "value 1" get_or_alloc 0x1000 7 2
	expect_no_log "Duplicate shadow variable"
}

case_duplicate_is_refused_with_a_warning()
{
	load
	says "value 1" alloc 0x1000 7 1
	says none alloc 0x1000 7 2
	expect_log "Duplicate shadow variable <"
	log_complains | grep -q "WARNING:" || klp_fail "no warning"
	log_mark	# that one was wanted
	says "value 1" get 0x1000 7
	says "destroyed 1" free 0x1000 7
}

case_refused_construction_is_logged_and_leaves_nothing()
{
	local error

	load
	for error in -22 -17 3; do
		log_mark
		says none refuse 0x1000 7 $error
		log_since | grep -qE "livepatch: Failed to construct shadow variable <.*, 7> \($error\)" ||
			klp_fail "not in the log: failed to construct ($error)"
		says none get 0x1000 7
	done
	says "destroyed 0" free 0x1000 7
	says "value 4" alloc 0x1000 7 4
}

case_free_all_destroys_the_variables_of_one_id_once()
{
	local said

	load
	says "value 5" alloc 0 8 5
	says "filled 5000" fill 5000 7
	says "value 0" get 39992 7
	write "free_all 7" "$CALL"
	read -r said < "$CALL"
	expect_eq "free_all" "destroyed 5000" "${said%,*}"
	says none get 0 7
	says none get 39992 7
	says "value 5" get 0 8
	says "destroyed 0, interrupted 0" free_all 7
}

case_free_all_lets_interrupts_in()
{
	load
	says "filled 100000" fill 100000 7
	write "free_all 7" "$CALL"
	klp_note "$(cat "$CALL")"
	expect_not file_is "$CALL" "destroyed 100000, interrupted 0"
}

klp_main "$@"
