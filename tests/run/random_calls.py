#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write a library of functions with random signatures and contracts.

random_calls.py SEED COUNT DIRECTORY makes lib.c, program.c, random.h and
ckpt.toml there. Each function mixes everything that it may read into a hash
and derives from that hash everything that it writes, so a wrong key or a byte
lost in a replay shows in what the program prints. The program fills padding
and unused memory with noise that depends on its argument: its output does not.
"""
import os
import random
import sys

SCALARS = ["char", "signed char", "unsigned char", "_Bool", "short",
           "unsigned short", "int", "unsigned", "long", "unsigned long",
           "float", "double", "long double", "enum color"]

PRELUDE = """\
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum color { RED, GREEN = 5, BLUE = -3 };
struct list { short v; struct list *next, *pal; };
struct variant { int kind; union { long l; double d; const char *s; } u; };
static inline void mix(uint64_t *h, long double v)
{ union { double d; uint64_t u; } x; x.d = (double)v;
  *h = (*h ^ x.u) * 0x9E3779B97F4A7C15u; *h ^= *h >> 29; }
static inline void mix_text(uint64_t *h, const char *s)
{ for (; *s; s++) mix(h, *s); }
static inline long val(uint64_t *h)
{ *h = *h * 6364136223846793005u + 1442695040888963407u;
  return (long)((*h >> 33) % 100); }
static inline void *noise(void *p, size_t size)
{ return memset(p, rand() % 255 + 1, size); }
static inline void *dirty(size_t size)
{ return noise(malloc(size + 1), size); }
"""

TYPES = """
[[type]]
name = "struct list"
[type.memory]
next = "inout one"
pal = "inout one"
"""

rand = random.Random()


def converted(kind, value):
    if kind == "_Bool":
        return f"(({value}) & 1)"
    if kind == "enum color":
        return f"((({value}) & 1) ? GREEN : BLUE)"
    return f"(({kind})({value}))"


class Scalar:
    def __init__(self, name):
        self.name = name

    def read(self, place):
        return f"mix(h, (long double){place});"

    def write(self, place):
        return f"{place} = {converted(self.name, 'val(h)')};"

    def show(self, place):
        return f'printf("%.3Lf ", (long double){place});'


class Bits(Scalar):
    def __init__(self, width):
        super().__init__("unsigned")
        self.width = width


class Struct:
    """Fields are (name, type, count): count None is no array; a string is the
    member that tells how many elements the pointer has."""

    def __init__(self, name, with_pointers):
        self.name = f"struct {name}"
        self.tag = name
        self.fields = []
        self.lines = []
        for i in range(rand.randint(1, 5)):
            self.add_field(f"f{i}", with_pointers)
        self.has_pointers = any(isinstance(c, str) for _, _, c in self.fields)

    def add_field(self, name, with_pointers):
        choice = rand.random()
        kind = Scalar(rand.choice(SCALARS))
        count = None
        text = f"{kind.name} {name};"
        if choice < 0.15:
            count = rand.randint(1, 4)
            text = f"{kind.name} {name}[{count}];"
        elif choice < 0.3:
            kind = Bits(rand.randint(1, 17))
            text = f"unsigned {name}:{kind.width};"
        elif choice < 0.45 and flat_structs:
            kind = rand.choice(flat_structs)
            text = f"{kind.name} {name};"
        elif choice < 0.65 and with_pointers:
            count = f"n_{name}"
            text = f"{kind.name} *{name}; int {count};"
        self.fields.append((name, kind, count))
        self.lines.append(text)

    def pointers(self):
        return [(n, k, c) for n, k, c in self.fields if isinstance(c, str)]

    def each(self, verb, only=None):
        code = []
        for name, kind, count in self.fields:
            if only is not None and name not in only:
                continue
            act = getattr(kind, verb)
            if count is None:
                code.append(act(f"p->{name}"))
                continue
            limit = f"p->{count}" if isinstance(count, str) else count
            if isinstance(count, str) and verb != "write":
                code.append(getattr(Scalar("int"), verb)(limit))
            code.append(f"for (int i = 0; i < {limit}; i++) "
                        f"{{ {act(f'p->{name}[i]')} }}")
        return " ".join(code)

    def definition(self):
        parts = [f"{self.name} {{ {' '.join(self.lines)} }};"]
        for verb, const in (("read", "const "), ("write", ""),
                            ("show", "const ")):
            parts.append(f"static inline void {verb}_{self.tag}(uint64_t *h, "
                         f"{const}{self.name} *p) "
                         f"{{ (void)h; {self.each(verb)} }}")
        return "\n".join(parts) + "\n"

    def read(self, place):
        return f"read_{self.tag}(h, &{place});"

    def write(self, place):
        return f"write_{self.tag}(h, &{place});"

    def show(self, place):
        return f"show_{self.tag}(h, &{place});"


structs = []
flat_structs = []


def any_type():
    if flat_structs and rand.random() < 0.3:
        return rand.choice(flat_structs)
    return Scalar(rand.choice(SCALARS))


class Function:
    def __init__(self, number):
        self.name = f"random_{number}"
        self.number = number
        self.parameters = []
        self.memory = []
        self.unions = []
        self.globals = []
        self.reads = []
        self.writes = []
        self.setup = []
        self.arguments = []
        self.shows = []
        self.releases = []
        self.result = "void"
        self.give = ""
        self.show_result = ""
        kinds = [scalar, value, text, array, array, pointed, made, bounded,
                 nested, overlapping, static, ring, string_out, variants,
                 position]
        for i in range(rand.randint(0, 6)):
            rand.choice(kinds)(self, f"a{i}")
        if not self.reads or (not self.writes and rand.random() < 0.3):
            number_result(self)
        else:
            rand.choice([no_result if self.writes else number_result,
                         scalar_result, scalar_result, struct_result,
                         block_result, tree_result])(self)

    def add(self, declarations, *arguments):
        self.parameters.append(declarations)
        self.arguments.extend(arguments)

    def say(self, **contracts):
        self.memory.extend(contracts.items())

    def prototype(self):
        inside = ", ".join(self.parameters) or "void"
        return f"{self.result} {self.name}({inside})"

    def definition(self):
        return "\n".join(self.globals + [
            self.prototype(),
            f"{{ uint64_t hash = {self.number + 1}, *h = &hash;",
            *self.reads, *self.writes, self.give, "}\n"])

    def caller(self):
        call = f"{self.name}({', '.join(self.arguments)});"
        if self.result != "void":
            call = f"{self.result} r = {call}"
        return "\n".join([
            f"static void call_{self.number}(uint64_t seed)",
            "{ uint64_t hash = seed, *h = &hash; (void)h;",
            *self.setup, call, f'printf("{self.name} ");', self.show_result,
            *self.shows, 'puts("");', *self.releases, "}\n"])

    def contract(self):
        lines = ["[[function]]", f'name = "{self.name}"', "[function.memory]"]
        lines += [f'"{path}" = "{clause}"' for path, clause in self.memory]
        return "\n".join(lines + self.unions) + "\n\n"


def loop(count, code):
    return f"for (int i = 0; i < ({count}); i++) {{ {code} }}"


# ---- parameters -------------------------------------------------------------

def scalar(f, p):
    kind = Scalar(rand.choice(SCALARS))
    f.add(f"{kind.name} {p}", p)
    f.reads.append(kind.read(p))
    f.setup.append(f"{kind.name} {p}; {kind.write(p)}")


def value(f, p):
    if not flat_structs:
        return
    kind = rand.choice(flat_structs)
    f.add(f"{kind.name} {p}", p)
    f.reads.append(kind.read(p))
    f.setup.append(f"{kind.name} {p}; noise(&{p}, sizeof({p})); "
                   f"{kind.write(p)}")


def text(f, p):
    f.add(f"const char *{p}", p)
    f.say(**{p: "string"})
    f.reads.append(f"mix_text(h, {p});")
    f.setup.append(f"char {p}[32]; noise({p}, 32); "
                   f'snprintf({p}, 32, "%ld", val(h) * val(h));')


def array(f, p):
    kind = any_type()
    way = rand.choice(["in", "out", "inout"])
    const = "const " if way == "in" and rand.random() < 0.5 else ""
    f.add(f"{const}{kind.name} *{p}, int {p}_n", p, f"{p}_n")
    f.say(**{p: f"[{p}_n]" if const else f"{way} [{p}_n]"})
    f.reads.append(f"mix(h, {p}_n); mix(h, !{p});")
    if way != "out":
        f.reads.append(loop(f"{p} ? {p}_n : 0", kind.read(f"{p}[i]")))
    if way != "in":
        f.writes.append(loop(f"{p} ? {p}_n : 0", kind.write(f"{p}[i]")))
    f.setup.append(f"int {p}_n = {rand.randint(0, 9)}; "
                   f"{kind.name} *{p} = dirty({p}_n * sizeof(*{p})); "
                   + loop(f"{p}_n", kind.write(f"{p}[i]")))
    if rand.random() < 0.1:
        f.setup.append(f"free({p}); {p} = NULL;")
    f.shows.append(loop(f"{p} ? {p}_n : 0", kind.show(f"{p}[i]")))
    f.releases.append(f"free({p});")


def pointed(f, p):
    """A struct behind a pointer, with pointers of its own."""
    kinds = [s for s in structs if s.has_pointers]
    if not kinds:
        return
    kind = rand.choice(kinds)
    way = rand.choice(["in", "inout"])
    f.add(f"{kind.name} *{p}", p)
    f.say(**{p: f"{way} one"})
    ways = {}
    for name, _, count in kind.pointers():
        ways[name] = rand.choice(["in", "inout", "out"])
        number = f"{p}->{count}"
        if ways[name] == "out":
            number = f"pre({number})"
        f.memory.append((f"{p}->{name}", f"{ways[name]} [{number}]"))
    names = [name for name, _, _ in kind.fields]
    read = [n for n in names if ways.get(n) != "out"]
    written = [n for n in names
               if (ways[n] != "in" if n in ways else way == "inout")]
    f.reads.append(f"{{ {kind.name} *p = {p}; {kind.each('read', read)} }}")
    f.reads += [f"mix(h, {p}->{c});" for _, _, c in kind.pointers()]
    f.writes.append(f"{{ {kind.name} *p = {p}; "
                    f"{kind.each('write', written)} }}")
    f.setup.append(f"{kind.name} *{p} = dirty(sizeof(*{p}));")
    for name, _, count in kind.pointers():
        f.setup.append(f"{p}->{count} = {rand.randint(0, 6)}; {p}->{name} = "
                       f"dirty({p}->{count} * sizeof(*{p}->{name}));")
        f.releases.append(f"free({p}->{name});")
    f.setup.append(kind.write(f"*{p}"))
    f.shows.append(kind.show(f"*{p}"))
    f.releases.append(f"free({p});")


def made(f, p):
    """A block that the call makes, given back through a pointer."""
    kind = any_type()
    f.add(f"{kind.name} **{p}, int *{p}_n", p, f"{p}_n")
    f.say(**{p: "out one", f"{p}_n": "out one", f"*{p}": f"[*{p}_n] malloc"})
    f.writes.append(f"*{p}_n = (int)(val(h) % 7); "
                    f"*{p} = malloc(1 + *{p}_n * sizeof(**{p})); "
                    + loop(f"*{p}_n", kind.write(f"(*{p})[i]")))
    f.setup.append(f"int {p}_v = rand(), *{p}_n = &{p}_v; {kind.name} *{p}_b "
                   f"= (void *)(long)rand(), **{p} = &{p}_b;")
    f.shows.append(loop(f"*{p}_n", kind.show(f"(*{p})[i]")))
    f.releases.append(f"free(*{p});")


def bounded(f, p):
    """How much is written is known afterwards."""
    kind = any_type()
    room = rand.randint(1, 12)
    f.add(f"{kind.name} *{p}, int *{p}_n", p, f"{p}_n")
    f.say(**{p: f"out [post(*{p}_n)] max [pre(*{p}_n)]",
             f"{p}_n": "inout one"})
    f.reads.append(f"mix(h, *{p}_n);")
    f.writes.append(f"*{p}_n = (int)(val(h) % (*{p}_n + 1)); "
                    + loop(f"*{p}_n", kind.write(f"{p}[i]")))
    f.setup.append(f"int {p}_v = {room}, *{p}_n = &{p}_v; "
                   f"{kind.name} *{p} = dirty({room} * sizeof(*{p}));")
    f.shows.append(loop(f"*{p}_n", kind.show(f"{p}[i]")))
    f.releases.append(f"free({p});")


def nested(f, p):
    """An array of structs that hold pointers."""
    kinds = [s for s in structs if s.has_pointers]
    if not kinds:
        return
    kind = rand.choice(kinds)
    f.add(f"{kind.name} *{p}, int {p}_n", p, f"{p}_n")
    f.say(**{p: f"inout [{p}_n]"})
    start = ""
    for name, _, count in kind.pointers():
        f.memory.append((f"{p}[].{name}", f"inout [{p}[].{count}]"))
        start += (f"{p}[w].{count} = (int)(val(h) % 5); {p}[w].{name} = "
                  f"dirty({p}[w].{count} * sizeof(*{p}[w].{name})); ")
    each = f"for (int w = 0; w < {p}_n; w++)"
    f.reads.append(f"mix(h, {p}_n); {each} {kind.read(f'{p}[w]')}")
    f.writes.append(f"{each} {kind.write(f'{p}[w]')}")
    f.setup.append(f"int {p}_n = {rand.randint(0, 4)}; {kind.name} *{p} = "
                   f"dirty({p}_n * sizeof(*{p})); "
                   f"{each} {{ {start} {kind.write(f'{p}[w]')} }}")
    f.shows.append(f"{each} {kind.show(f'{p}[w]')}")
    f.releases.append(f"free({p});")


def overlapping(f, p):
    """Two arrays that may share memory."""
    kind = rand.choice(["int", "double", "short", "unsigned char"])
    ways = rand.choice(["in", "inout", "out"]), rand.choice(["inout", "out"])
    counts = rand.randint(1, 6), rand.randint(1, 6)
    second = rand.choice([20, 4, 6, 8, 9, 12])
    f.add(f"{kind} *{p}, {kind} *{p}_b", p, f"{p}_b")
    f.say(**{p: f"{ways[0]} [{counts[0]}]", f"{p}_b": f"{ways[1]} "
             f"[{counts[1]}]"})
    for name, way, count in zip((p, f"{p}_b"), ways, counts):
        if way != "out":
            f.reads.append(loop(count, f"mix(h, {name}[i]);"))
    if ways[0] != "in":
        f.writes.append(loop(counts[0], f"{p}[i] = ({kind})val(h);"))
    f.writes.append(loop(counts[1], f"{p}_b[i] = ({kind})val(h) + "
                                    f"{p}[i % {counts[0]}];"))
    f.setup.append(f"{kind} *{p}_m = malloc(32 * sizeof(*{p}_m)); "
                   + loop(32, f"{p}_m[i] = ({kind})val(h);") +
                   f"{kind} *{p} = {p}_m + 8, *{p}_b = {p}_m + {second};")
    f.shows.append(loop(32, f'printf("%.1f ", (double){p}_m[i]);'))
    f.releases.append(f"free({p}_m);")


def static(f, p):
    """A variable of the library that the function reads, perhaps writes."""
    kind = Scalar(rand.choice(SCALARS))
    name = f"{f.name}_{p}"
    f.globals.append(f"static {kind.name} {name}[3];")
    f.reads.append(loop(3, kind.read(f"{name}[i]")))
    if rand.random() < 0.6:
        f.writes.append(kind.write(f"{name}[1]"))


def ring(f, p):
    """A list, sometimes closed to a ring, with pointers across."""
    count = rand.randint(0, 6)
    last = f"{p}_m" if rand.random() < 0.3 else "NULL"
    walk = f"int c = 0; for (struct list *l = {p}; l && c < 20; l = l->next, "
    f.add(f"struct list *{p}", p)
    f.say(**{p: "inout one"})
    f.reads.append(f"{{ {walk} c++) {{ mix(h, l->v); mix(h, l->pal == l); "
                   f"if (l->pal) mix(h, l->pal->v); }} }}")
    f.writes.append(f"{{ {walk} c++) {{ l->v = (short)val(h); "
                    f"if (val(h) % 4 == 0) l->pal = {p}; "
                    f"else if (val(h) % 5 == 0) l->pal = NULL; }} }}")
    f.setup.append(f"struct list {p}_m[8]; noise({p}_m, sizeof({p}_m)); "
                   + loop(count, f"{p}_m[i].v = (short)val(h); "
                          f"{p}_m[i].next = i + 1 < {count} ? "
                          f"&{p}_m[i + 1] : {last}; {p}_m[i].pal = "
                          f"&{p}_m[val(h) % {max(count, 1)}];") +
                   f"struct list *{p} = {count} ? {p}_m : NULL;")
    f.shows.append(loop(count, f'printf("%d/%d ", {p}_m[i].v, {p}_m[i].pal ? '
                               f"(int)({p}_m[i].pal - {p}_m) : -1);"))


def string_out(f, p):
    f.add(f"char *{p}, int {p}_n", p, f"{p}_n")
    f.say(**{p: f"out string max [{p}_n]"})
    f.reads.append(f"mix(h, {p}_n);")
    f.writes.append(f'snprintf({p}, {p}_n, "%ld", val(h) * val(h) * val(h));')
    f.setup.append(f"int {p}_n = {rand.randint(2, 12)}; "
                   f"char {p}[16]; noise({p}, 16);")
    f.shows.append(f'printf("%s ", {p});')


def variants(f, p):
    """Unions with a tag that tells the live member."""
    f.add(f"const struct variant *{p}, int {p}_n", p, f"{p}_n")
    f.say(**{p: f"[{p}_n]", f"{p}[].u.s": "string"})
    f.unions.append(f'"{p}[].u" = ["member l if {p}[].kind == 0", '
                    f'"member d if {p}[].kind == 1", "member s"]')
    item = f"{p}[i]"
    f.reads.append(f"mix(h, {p}_n); " + loop(
        f"{p}_n", f"mix(h, {item}.kind); if ({item}.kind == 0) "
        f"mix(h, {item}.u.l); else if ({item}.kind == 1) mix(h, {item}.u.d); "
        f"else mix_text(h, {item}.u.s);"))
    f.setup.append(f"struct variant {p}[4]; noise({p}, sizeof({p})); "
                   f"int {p}_n = (int)(val(h) % 5); char {p}_t[4][12]; " + loop(
                       f"{p}_n", f"{item}.kind = (int)(val(h) % 3); "
                       f"if ({item}.kind == 0) {item}.u.l = val(h); "
                       f"else if ({item}.kind == 1) "
                       f"{item}.u.d = (double)val(h); else {{ snprintf("
                       f'{p}_t[i], 12, "%ld", val(h)); '
                       f"{item}.u.s = {p}_t[i]; }}"))


def position(f, p):
    """A pointer into an argument."""
    f.add(f"char *{p}, char **{p}_e", p, f"{p}_e")
    f.say(**{p: "string", f"{p}_e": "out one", f"*{p}_e": f"alias {p}"})
    f.reads.append(f"mix_text(h, {p});")
    f.writes.append(f"*{p}_e = {p} + val(h) % (strlen({p}) + 1);")
    f.setup.append(f'char {p}[16]; snprintf({p}, 16, "%ld", val(h) * val(h)); '
                   f"char *{p}_v = NULL, **{p}_e = &{p}_v;")
    f.shows.append(f'printf("%d ", (int)(*{p}_e - {p}));')


# ---- results ----------------------------------------------------------------

def no_result(f):
    pass


def number_result(f):
    """Functions with equal bodies would become one with two names."""
    f.result = "unsigned long"
    f.give = "return *h;"
    f.show_result = 'printf("%lx ", r);'


def scalar_result(f):
    kind = Scalar(rand.choice(SCALARS))
    f.result = kind.name
    f.give = f"return {converted(kind.name, 'val(h)')};"
    f.show_result = kind.show("r")


def struct_result(f):
    if not flat_structs:
        return
    kind = rand.choice(flat_structs)
    f.result = kind.name
    f.give = (f"{kind.name} r; memset(&r, (int)hash, sizeof(r)); "
              f"{kind.write('r')} return r;")
    f.show_result = kind.show("r")


def block_result(f):
    kind = any_type()
    count = rand.randint(1, 6)
    f.result = f"{kind.name} *"
    f.memory.append(("return", f"[{count}] malloc"))
    f.give = (f"{kind.name} *r = malloc({count} * sizeof(*r)); "
              + loop(count, kind.write("r[i]")) + " return r;")
    f.show_result = loop(count, kind.show("r[i]")) + " free(r);"


def tree_result(f):
    kinds = [s for s in structs if s.has_pointers]
    if not kinds:
        return
    kind = rand.choice(kinds)
    f.result = f"{kind.name} *"
    f.memory.append(("return", "one malloc"))
    f.give = f"{kind.name} *r = malloc(sizeof(*r));"
    release = ""
    for name, _, count in kind.pointers():
        f.memory.append((f"return->{name}", f"[return->{count}] malloc"))
        f.give += (f" r->{count} = {rand.randint(0, 5)}; r->{name} = "
                   f"malloc(1 + r->{count} * sizeof(*r->{name}));")
        release += f" free(r->{name});"
    f.give += f" {kind.write('*r')} return r;"
    f.show_result = f"{kind.show('*r')}{release} free(r);"


# -----------------------------------------------------------------------------

def main():
    seed, count, directory = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    rand.seed(seed)
    for i in range(max(6, count // 3)):
        struct = Struct(f"s{i}", rand.random() < 0.4)
        structs.append(struct)
        if not struct.has_pointers:
            flat_structs.append(struct)
    functions = [Function(i) for i in range(count)]

    def write(name, *parts):
        with open(os.path.join(directory, name), "w") as file:
            file.write("".join(parts))

    write("random.h", PRELUDE, *[s.definition() for s in structs],
          *[f.prototype() + ";\n" for f in functions])
    write("lib.c", '#include "random.h"\n',
          *[f.definition() for f in functions])
    write("program.c", '#include "random.h"\n',
          *[f.caller() for f in functions],
          "int main(int argc, char **argv)\n"
          "{ srand(argc > 1 ? atoi(argv[1]) : 1);\n",
          *[f"call_{i}(1); call_{i}(2); call_{i}(1);\n"
            for i in range(count)], "return 0; }\n")
    write("ckpt.toml", *[f.contract() for f in functions], TYPES)


main()
