# SPDX-License-Identifier: MIT
# ckpt: build, test, install. Everything made goes under build/. `make help`.

PREFIX ?= /usr/local
CC ?= gcc
CXX ?= g++
OPT ?= -O2
WARN = -Wall -Wextra -Wshadow -Wpointer-arith -Wvla -Wundef -Werror
CPPFLAGS += -I. -D_GNU_SOURCE
# One set of objects serves library, command and tests.
COMMON_CFLAGS = $(OPT) -g -fPIC -fvisibility=hidden -fno-strict-aliasing \
	-fcf-protection $(WARN) -MMD -MP
CFLAGS += -std=gnu11 $(COMMON_CFLAGS) -Wstrict-prototypes \
	-Wmissing-prototypes -ftls-model=initial-exec
CXXFLAGS += -std=c++17 $(COMMON_CFLAGS) -fno-exceptions -fno-rtti

B = build
obj = $(patsubst %,$(B)/%.o,$(basename $(1)))
COMMON = $(call obj,$(wildcard shim/common/*.c))
STORE = $(call obj,$(wildcard shim/store/*.c))
# The constructor must not run inside the unit tests.
PRELOAD = $(B)/shim/runtime/preload.o
RUNTIME = $(filter-out $(PRELOAD),\
	$(call obj,$(wildcard shim/runtime/*.c shim/runtime/*.S)))
PLANNER = $(call obj,$(wildcard shim/planner/*.c))
CONFIG = $(call obj,$(wildcard config/*.c config/*.cc))
TOOL = $(call obj,$(wildcard tools/*.c))
UNIT = $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
PLANNER_LIBS = -ldwarf -lelf -lZydis

.PHONY: all check bench fuzz lint install clean help unit demo
all: $(B)/libckpt.so $(B)/ckpt

$(B)/shim/common/hash_avx2_x86_64.o: CFLAGS += -mavx2
$(B)/shim/common/hash_avx512_x86_64.o: CFLAGS += -mavx512f

$(B)/libckpt.so: $(PRELOAD) $(RUNTIME) $(STORE) $(COMMON) shim/libckpt.map
	$(CC) -shared -o $@ $(filter %.o,$^) -Wl,--version-script=shim/libckpt.map \
		-Wl,-z,initfirst,-z,now,-z,relro,-z,defs,--as-needed \
		-Wl,-soname,libckpt.so $(LDFLAGS)

$(B)/ckpt: $(TOOL) $(PLANNER) $(CONFIG) $(STORE) $(COMMON)
	$(CXX) -o $@ $^ $(PLANNER_LIBS) $(LDFLAGS)

# A unit test links the very objects that ship.
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/all.a
	$(CXX) -o $@ $^ $(PLANNER_LIBS) -lcheck_pic -lsubunit -lm -lrt -lpthread $(LDFLAGS)

$(B)/all.a: $(RUNTIME) $(PLANNER) $(CONFIG) $(STORE) $(COMMON)
	rm -f $@ && ar rcs $@ $^

unit: $(UNIT)
	@for t in $(UNIT); do ./$$t || exit 1; done

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
