#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What systemd says of the units, as they are installed; prints KTAP.
#
#	BIN=<directory of the test programs> tests/units.sh [CASE...]

TESTS=$(realpath "$(dirname "$0")")
# shellcheck source=/dev/null
. "$(dirname "$0")/built-lib.sh"

# units: as "make install" writes them, but with the klp that is to be tested
units()
{
	local unit

	for unit in livepatch livepatch-survived; do
		sed "s|/usr/sbin/klp|$BIN/klp|" "$TESTS/../$unit.service" > $unit.service
	done
}

verify()
{
	OUT=$(systemd-analyze verify --man=no ./livepatch.service ./livepatch-survived.service 2>&1)
}

case_systemd_has_nothing_to_say()
{
	units
	verify || fail "$OUT"
	expect_is ""
}

case_systemd_would_say_what_is_wrong()
{
	units
	sed -i 's/^Before=/Befor=/' livepatch.service
	verify
	expect_has Befor
}

# Each option that the units use is one of the verb.
case_klp_knows_what_the_units_tell_it()
{
	local option

	run 0 klp boot --help
	for option in $(sed -n 's/^ExecStart=//p' "$TESTS"/../*.service | grep -oE -- '--[a-z-]+'); do
		expect_has "$option "
	done
}

command -v systemd-analyze > /dev/null || { echo "1..0 # SKIP no systemd"; exit 0; }
run_cases "$@"
