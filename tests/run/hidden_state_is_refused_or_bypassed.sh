#!/bin/bash
# SPDX-License-Identifier: MIT
# Streams, opaque handles, callbacks, functions that print, write files or draw
# random numbers: with the contract that a hopeful user would write, the reason
# is told, nothing is stored, and the programs do what they do without ckpt.
. "$(dirname "$0")/lib.sh"

# The function's block is standard input; the program is run without ckpt and
# twice with it.
expect_refused() { # FUNCTION REGEX FILE COMMAND…
	local function=$1 regex=$2 output=$3 run
	{
		printf '[defaults]\nindirect = "object"\n'
		cat
	} >ckpt.toml
	shift 3
	rm -rf .ckpt
	for run in plain first second; do
		[ "$output" = - ] || rm -f "$output"
		case $run in
		plain) "$@" ;;
		*) ckpt run -- "$@" ;;
		esac >"out.$run" 2>"err.$run"
		echo $? >"status.$run"
		[ "$output" = - ] || mv "$output" "file.$run" ||
			fail "$function, $run: no $output"
		expect_same out.plain "out.$run"
		expect_same status.plain "status.$run"
		[ "$output" = - ] || expect_same file.plain "file.$run"
	done
	expect_match "^ckpt: $function.*($regex)" err.first
	expect_counted hits 0
	expect_counted stored 0
}

seq 1 20000 >numbers
expect_refused deflate 'no contract.*"strm"' - /usr/bin/python3 -c \
	'import zlib; print(len(zlib.compress(open("numbers", "rb").read())))' \
	<<'EOF'
[[function]]
name = "deflate"
signature = "int deflate(struct z_stream_s *strm, int flush)"
EOF

# The same from one library to another.
python3 - >picture.png <<'EOF'
import struct, sys, zlib
def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + \
        struct.pack(">I", zlib.crc32(name + data))
rows = b"".join(b"\0" + bytes((i * j) % 251 for j in range(96)) for i in range(32))
sys.stdout.buffer.write(b"\x89PNG\r\n\x1a\n" +
    chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)) +
    chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))
EOF
expect_refused deflate 'no contract.*"strm"' smaller.png optipng -quiet \
	picture.png -out smaller.png <<'EOF'
[[function]]
name = "deflate"
signature = "int deflate(struct z_stream_s *strm, int flush)"
EOF

expect_refused EVP_KDF_derive 'no contract.*"ctx"' - openssl kdf -keylen 32 \
	-kdfopt pass:secret -kdfopt salt:salt -kdfopt n:1024 -kdfopt r:8 \
	-kdfopt p:1 SCRYPT <<'EOF'
[[function]]
name = "EVP_KDF_derive"
impure = "allow"
signature = """
int EVP_KDF_derive(struct evp_kdf_ctx_st *ctx, unsigned char *key,
	size_t size, const struct ossl_param_st *params)"""
[function.memory]
"key" = "out [size]"
EOF

# A writer of the program's own, which writes the file.
python3 - >picture.ppm <<'EOF'
import sys
sys.stdout.buffer.write(b"P6\n64 64\n255\n")
sys.stdout.buffer.write(bytes(i * i * 7 % 251 for i in range(3 * 64 * 64)))
EOF
expect_refused WebPEncode 'calls fwrite' picture.webp cwebp -quiet picture.ppm \
	-o picture.webp <<'EOF'
[[function]]
name = "WebPEncode"
ignore_globals = ["*:.data", "*:.bss", "*:.tbss"]
signature = """
struct WebPPicture {
    int use_argb, colorspace, width, height;
    uint8_t *y, *u, *v;
    int y_stride, uv_stride;
    uint8_t *a;
    int a_stride;
    uint32_t pad1[2];
    uint32_t *argb;
    int argb_stride;
    uint32_t pad2[3];
    int (*writer)(const uint8_t *, size_t, const struct WebPPicture *);
    void *custom_ptr;
    int extra_info_type;
    uint8_t *extra_info;
    void *stats;
    int error_code;
    int (*progress_hook)(int, const struct WebPPicture *);
    void *user_data;
    uint32_t pad3[3];
    uint8_t *pad4, *pad5;
    uint32_t pad6[8];
    void *memory_, *memory_argb_, *pad7[2];
};
int WebPEncode(const unsigned char *config, struct WebPPicture *picture)"""
[function.memory]
"config" = "[116]"
"picture" = "one"
"picture->y" = "rows(picture->height, picture->width, step picture->y_stride)"
"picture->u" = "rows((picture->height + 1) / 2, (picture->width + 1) / 2, step picture->uv_stride)"
"picture->v" = "rows((picture->height + 1) / 2, (picture->width + 1) / 2, step picture->uv_stride)"
"picture->a" = "rows(picture->height, picture->width, step picture->a_stride)"
"picture->argb" = "rows(picture->height, picture->width, step picture->argb_stride)"
"picture->writer" = "code"
"picture->custom_ptr" = "ignore"
"picture->extra_info" = "ignore"
"picture->stats" = "ignore"
"picture->progress_hook" = "code"
"picture->user_data" = "ignore"
"picture->pad4" = "ignore"
"picture->pad5" = "ignore"
"picture->memory_" = "ignore"
"picture->memory_argb_" = "ignore"
"picture->pad7[]" = "ignore"
EOF

expect_refused ecm_factor 'no contract.*"params"' - ecm -q -sigma 1:42 50000 \
	<<'EOF'
[[function]]
name = "ecm_factor"
signature = """
typedef struct { int alloc, size; unsigned long *limbs; } mpz;
int ecm_factor(mpz *f, mpz *n, double B1, struct ecm_params_s *params)"""
[function.memory]
"f" = "one"
"f->limbs" = "inout [pre(abs(f->size)) -> post(abs(f->size))] realloc"
"n" = "one"
"n->limbs" = "in [abs(n->size)]"
EOF

# The solution stays in the handle.
expect_refused picosat_sat 'no contract.*"solver"' - /usr/bin/python3 -c \
	'import pycosat; print(pycosat.solve([[1, -2], [2, 3], [-1, -3]]))' \
	<<'EOF'
[[function]]
name = "picosat_sat"
signature = "int picosat_sat(struct PicoSAT *solver, int limit)"
EOF

printf 'p cnf 3 3\n1 -2 0\n2 3 0\n-1 -3 0\n' >problem.cnf
expect_refused Minisat::SimpSolver::solve_ 'no contract.*"solver"' \
	solution minisat -verb=0 problem.cnf solution <<'EOF'
[[function]]
name = "_ZN7Minisat10SimpSolver6solve_Ebb"
signature = """
bool _ZN7Minisat10SimpSolver6solve_Ebb(struct SimpSolver *solver, bool simplify,
	bool turn_off)"""
EOF

python3 - >cube.node <<'EOF'
print("8 3 0 0")
for i in range(8):
    print(i + 1, i & 1, i >> 1 & 1, i >> 2)
EOF
expect_refused tetrahedralize 'no contract.*"behavior"' cube.1.ele \
	tetgen -Q cube.node <<'EOF'
[[function]]
name = "_Z14tetrahedralizeP14tetgenbehaviorP8tetgenioS2_S2_S2_"
signature = """
void _Z14tetrahedralizeP14tetgenbehaviorP8tetgenioS2_S2_S2_(
	const struct tetgenbehavior *behavior, struct tetgenio *in,
	struct tetgenio *out, struct tetgenio *more, struct tetgenio *background)"""
EOF

printf '3\n8\n0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n' >points
expect_refused qh_qhull 'no contract.*"qh"|global|longjmp|setjmp' - \
	qconvex TI points n <<'EOF'
[[function]]
name = "qh_qhull"
signature = "void qh_qhull(struct qhT *qh)"
EOF

# Draws from drand48(), called by the plugin itself.
printf 'graph { a -- b -- c -- d -- a; b -- d; c -- e; e -- f; f -- a }\n' >g.dot
expect_refused stress_majorization_kD_mkernel 'no contract.*"graph"' - \
	neato -Tplain g.dot <<'EOF'
[[function]]
name = "stress_majorization_kD_mkernel"
signature = """
int stress_majorization_kD_mkernel(struct vtx_data *graph, int n, int nedges,
    double **coords, struct node **nodes, int dim, int opts, int model,
    int maxi)"""
[function.memory]
"coords" = "in [dim]"
"coords[]" = "[n]"
"nodes" = "ignore"
EOF
expect_refused stress_majorization_kD_mkernel 'calls .*rand48' - neato -Tplain g.dot \
	<<'EOF'
[[function]]
name = "stress_majorization_kD_mkernel"
ignore_globals = ["*:.data", "*:.bss", "*:.tbss"]
signature = """
int stress_majorization_kD_mkernel(struct vtx_data *graph, int n, int nedges,
    double **coords, struct node **nodes, int dim, int opts, int model,
    int maxi)"""
[function.memory]
"graph" = "ignore"
"coords" = "in [dim]"
"coords[]" = "[n]"
"nodes" = "ignore"
EOF

printf 'var x, integer, >= 0;\nvar y, integer, >= 0;\nmaximize z: 3*x + 2*y;\nc1: 2*x + y <= 7;\nc2: x + 3*y <= 9;\nend;\n' >problem.mod
expect_refused glp_intopt 'no contract.*"problem"' - glpsol -m problem.mod \
	-o /dev/stdout <<'EOF'
[[function]]
name = "glp_intopt"
signature = "int glp_intopt(struct glp_prob *problem, const struct glp_iocp *parameters)"
[function.memory]
"parameters" = "ignore"
EOF

# Writes a file, though nothing in its contract says so.
expect_refused flite_text_to_speech 'calls (f?open|rand)' speech.wav \
	flite -voice slt -t hello -o speech.wav <<'EOF'
[[function]]
name = "flite_text_to_speech"
ignore_globals = ["*:.data", "*:.bss", "*:.tbss"]
impure = ["environment"]
signature = "float flite_text_to_speech(const char *text, struct cst_voice *voice, const char *outtype)"
[function.memory]
"text" = "string"
"voice" = "ignore"
"outtype" = "string"
EOF

export SOURCE_DATE_EPOCH=1700000000
cp /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf font.ttf
expect_refused TTF_autohint 'variable number of arguments' hinted.ttf \
	ttfautohint font.ttf hinted.ttf <<'EOF'
[[function]]
name = "TTF_autohint"
signature = "int TTF_autohint(const char *options, ...)"
memory.options = "string"
EOF

expect_refused rs_sig_file 'no contract|unknown size' numbers.sig \
	rdiff signature numbers numbers.sig <<'EOF'
[[function]]
name = "rs_sig_file"
signature = """
int rs_sig_file(struct _IO_FILE *old, struct _IO_FILE *sig, size_t block,
    size_t strong, int magic, struct rs_stats *stats)"""
[function.memory]
"old" = "one"
"sig" = "one"
"stats" = "ignore"
EOF
