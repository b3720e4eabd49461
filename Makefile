# SPDX-License-Identifier: MIT
# ckpt: build, test, install. Everything made goes under build/.
# The lines that start with ## are what `make help` prints.

PREFIX ?= /usr/local
B ?= build
OPT ?= -O2
WARN = -Wall -Wextra -Wshadow -Wpointer-arith -Wvla -Wundef -Werror
CPPFLAGS += -I. -D_GNU_SOURCE
# One set of objects serves library, command and tests.
COMMON_CFLAGS = $(OPT) -g -fPIC -fvisibility=hidden -fno-strict-aliasing \
	-fcf-protection $(WARN)
CFLAGS += -std=gnu11 $(COMMON_CFLAGS) -Wstrict-prototypes \
	-Wmissing-prototypes -ftls-model=initial-exec
CXXFLAGS += -std=c++17 $(COMMON_CFLAGS) -fno-exceptions -fno-rtti
# V=1 shows whole commands.
Q = $(if $(V),,@echo "  $@";)
LIBS = -ldwarf -lelf -lZydis
CHECK_LIBS = -lcheck_pic -lsubunit -lm -lrt -lpthread

obj = $(patsubst %,$(B)/%.o,$(basename $(wildcard $(1))))
COMMON = $(call obj,shim/common/*.c)
STORE = $(call obj,shim/store/*.c)
# The constructor must not run inside the unit tests.
PRELOAD = $(B)/shim/runtime/preload.o
RUNTIME = $(filter-out $(PRELOAD),$(call obj,shim/runtime/*.[cS] shim/runtime/*/*.[cS]))
PLANNER = $(call obj,shim/planner/*.c shim/planner/*/*.c)
CONFIG = $(call obj,config/*.c config/*.cc)
MAIN = $(B)/tools/ckpt.o
TOOL = $(filter-out $(MAIN),$(call obj,tools/*.c))
PARTS = $(RUNTIME) $(TOOL) $(PLANNER) $(CONFIG) $(STORE) $(COMMON)

bin = $(patsubst %.c,$(B)/%,$(wildcard $(1)))
UNIT = $(call bin,tests/unit/test_*.c)
FUZZ = $(call bin,tests/fuzz/fuzz_*.c)
BENCH = $(call bin,tools/bench/bench_*.c)
BACKENDS = $(call obj,tools/bench/backend_*.c)
P = $(B)/tests/programs
PROGRAM_LIBS = $(patsubst tests/programs/%.c,$(P)/%.so,\
	$(wildcard tests/programs/lib*.c))
PROGRAMS = $(PROGRAM_LIBS) $(patsubst tests/programs/%.c,$(P)/%,\
	$(filter-out tests/programs/lib%,$(wildcard tests/programs/*.c)))

.PHONY: all check check-full run-tests unit programs bench fuzz lint demo install
.PHONY: clean help deps
.SECONDARY:
## make             build build/libckpt.so and build/ckpt
all: $(B)/libckpt.so $(B)/ckpt

$(B)/libckpt.so: $(PRELOAD) $(RUNTIME) $(STORE) $(COMMON) shim/libckpt.map
	$(Q)$(CC) -shared -o $@ $(filter %.o,$^) \
		-Wl,--version-script=shim/libckpt.map,-soname,libckpt.so \
		-Wl,-z,initfirst,-z,now,-z,relro,-z,defs,--as-needed $(LDFLAGS)

$(B)/ckpt: $(MAIN) $(TOOL) $(PLANNER) $(CONFIG) $(STORE) $(COMMON)
	$(Q)$(CXX) -o $@ $^ $(LIBS) $(LDFLAGS)

%/hash_avx2_x86_64.o %/hash_avx2_x86_64.c.tidy: CFLAGS += -mavx2
%/hash_avx512_x86_64.o %/hash_avx512_x86_64.c.tidy: CFLAGS += -mavx512f

# demo and check install first what Debian has and this machine lacks.
DEPS = $(if $(filter demo check check-full,$(MAKECMDGOALS)),deps)
deps:
	@tools/install-deps $(if $(filter check-full,$(MAKECMDGOALS)),full,\
		$(if $(filter check,$(MAKECMDGOALS)),check,demo))

$(B)/%.o: %.c | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/%.o: %.S | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/%.o: %.cc | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

# Tests link the very objects that ship.
$(B)/all.a: $(PARTS)
	$(Q)rm -f $@ && ar rcs $@ $^
$(UNIT): %: %.o $(B)/all.a
	$(Q)$(CXX) -o $@ $^ $(LIBS) $(CHECK_LIBS) $(LDFLAGS)
$(FUZZ): %: %.o $(B)/tests/fuzz/replay.o $(B)/all.a
	$(Q)$(CXX) -o $@ $^ $(LIBS) -lm $(LDFLAGS)
$(BENCH): %: %.o $(BACKENDS) $(B)/all.a
	$(Q)$(CXX) -o $@ $^ $(LIBS) -lm -lpthread $(LDFLAGS)

# Programs that tests run: plain ones, as anybody would build them.
TEST_CFLAGS ?= -O2 -g
$(P)/lib%.so: tests/programs/lib%.c | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -I. -fPIC -shared -Wl,-soname,$(@F) -o $@ $<
$(P)/%: tests/programs/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -I. -o $@ $(filter %.c %.so,$^) \
		-Wl,-rpath,'$$ORIGIN' -lm -lpthread
$(P)/sum $(P)/forks: $(P)/libsum.so
$(P)/number: $(P)/libnumber.so
$(P)/fit: $(P)/libmodel.so
$(P)/results $(P)/threads: $(P)/libresults.so
$(P)/memory: $(P)/libmemory.so
programs: $(PROGRAMS)

## make unit        unit tests only
unit: $(UNIT)
	@for t in $(UNIT); do ./$$t || exit 1; done

## make check       every test, modes paired; installs what it needs by apt
## make check-full  every test in every mode
check check-full: run-tests lint
	@exit $$(cat $(B)/tests/status)
# Tests first and lint whatever they say: what one finds hides nothing of the
# other. Not at the same time, since some tests look at the clock.
FULL = $(filter check-full,$(MAKECMDGOALS))
run-tests: all $(UNIT) $(FUZZ) $(PROGRAMS) $(if $(FULL),$(SAN_UNIT))
	@B=$(B) CC="$(CC)" tests/run/run $(if $(FULL),--full); \
		echo $$? >$(B)/tests/status

## make fuzz        libFuzzer builds under build/san/ (clang)
S = $(B)/san
# An object mapped at address 0 makes offsets to NULL.
SAN = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-sanitize=pointer-overflow
fuzz: $(patsubst $(B)/tests/fuzz/%,$(S)/%,$(FUZZ))
$(S)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) $(CFLAGS) $(SAN) -MMD -MP -c -o $@ $<
$(S)/%.o: %.cc
	@mkdir -p $(@D)
	$(Q)clang++ $(CPPFLAGS) $(CXXFLAGS) $(SAN) -MMD -MP -c -o $@ $<
$(S)/%.o: %.S
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) -c -o $@ $<
$(S)/all.a: $(patsubst $(B)/%,$(S)/%,$(PARTS))
	$(Q)rm -f $@ && ar rcs $@ $^
$(S)/fuzz_%: $(S)/tests/fuzz/fuzz_%.o $(S)/all.a
	$(Q)clang++ -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)
# The unit tests again, with sanitizers: a part of check-full.
SAN_UNIT = $(patsubst $(B)/tests/unit/%,$(S)/%,$(UNIT))
$(S)/test_%: $(S)/tests/unit/test_%.o $(S)/all.a
	$(Q)clang++ $(SAN) -o $@ $^ $(LIBS) $(CHECK_LIBS)

## make bench       what it costs, beside the limits
bench: all $(BENCH)
	@for b in $(BENCH); do ./$$b || exit 1; done
	@B=$(B) tools/bench/programs
	@B=$(B) tools/bench/cheap

## make lint        layers, format, clang-tidy, sizes, headers alone
TIDY = $(patsubst %,$(B)/lint/%.tidy,$(wildcard shim/*/*.c shim/*/*/*.c config/*.c tools/*.c))
lint: $(TIDY)
	@tools/lint/lint
CHECKED = $(if $(filter check%,$(MAKECMDGOALS)),run-tests)
# Through the object: its dependencies hold for the verdict too.
$(B)/lint/%.c.tidy: %.c $(B)/%.o .clang-tidy | $(CHECKED)
	@mkdir -p $(@D)
	@tools/lint/tidy $< $(CPPFLAGS) $(CFLAGS) && touch $@

## make demo        the main job on a stock program, with times
demo: all
	@B=$(B) tools/demo

## make install     honours PREFIX (/usr/local) and DESTDIR
I = $(DESTDIR)$(PREFIX)
install: all
	install -d $(I)/bin $(I)/lib $(I)/share/ckpt/contracts
	install -d $(I)/share/man/man1 $(I)/share/man/man5 $(I)/share/man/man7
	install -m 755 $(B)/ckpt $(I)/bin
	install -m 755 $(B)/libckpt.so $(I)/lib
	install -m 644 config/contracts/*.toml $(I)/share/ckpt/contracts
	install -m 644 tools/ckpt.1 $(I)/share/man/man1
	install -m 644 config/ckpt.toml.5 $(I)/share/man/man5
	install -m 644 shim/libckpt.7 $(I)/share/man/man7

## make clean       remove build/
clean:
	rm -rf $(B)

## make help        this list; variables: CC CXX OPT PREFIX DESTDIR B V
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

-include $(shell find $(B) -name '*.d' 2>/dev/null)
