#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# run-scenario.sh FILE.scn: a scenario is a test; it passes when the model
# answers all that it expects.  A guest.cfg beside it with the scenario's name
# (FILE.cfg) is the domain it runs in.
set -eu
scn=$1
cfg=${scn%.scn}.cfg
if [ -f "$cfg" ]; then
    set -- --domain "$cfg" "$scn"
fi
exec "${XENREEL:-./xenreel}" run "$@"
