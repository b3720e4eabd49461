#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

config </dev/null
expect_status() { # STATUS ARGUMENTS…
	ckpt run "${@:2}" >out 2>err.run
	expect_equal "${*:2}" "$1" $?
}
expect_status 7 -- sh -c 'exit 7'
expect_status 7 sh -c 'exit 7'
expect_status 137 -- sh -c 'kill -9 $$'
expect_status 127 -- ./no-such-program
expect_status 127 -- no-such-program
echo text >plain-file
expect_status 126 -- ./plain-file
expect_status 2 --no-such-option -- true
expect_status 2
expect_status 1 --config no-such-file -- true

value() { # NAME ARGUMENTS…
	ckpt run "${@:2}" -- sh -c "printf '%s' \"\$$1\""
}
expect_equal CKPT_CONFIG "$PWD/ckpt.toml" "$(value CKPT_CONFIG)"
expect_equal LD_PRELOAD "$LIBRARY" "$(value LD_PRELOAD)"
expect_equal 'merged LD_PRELOAD' "libm.so.6:$LIBRARY" \
	"$(LD_PRELOAD=libm.so.6 value LD_PRELOAD)"
expect_equal CKPT_RERUN 'f,g' "$(value CKPT_RERUN --rerun f --rerun=g)"
expect_equal CKPT_LOG 'info:x' "$(value CKPT_LOG --log info:x)"
expect_equal CKPT_DISABLE 1 "$(value CKPT_DISABLE --disable)"
expect_equal 'no CKPT_RERUN' '' "$(value CKPT_RERUN)"

# Arguments reach the program as they are, options among them.
expect_equal arguments '--config|a b||*|' \
	"$(ckpt run printf '%s|' --config 'a b' '' '*')"
