# SPDX-License-Identifier: MIT
"""LAPACK and BLAS through scipy's wrappers, and what has none by pointers, in
the precisions given (sdcz): a line each, with a digest of everything that the
routine gives."""
import ctypes
import hashlib
import sys

import numpy as np
import scipy.linalg.blas
import scipy.linalg.lapack

TYPES = {"s": np.float32, "d": np.float64,
         "c": np.complex64, "z": np.complex128}
N, M, K = 24, 30, 3
LIBRARY = ctypes.CDLL("liblapack.so.3")


def noise(dtype, *shape):
    count = np.arange(1, int(np.prod(shape)) + 1)
    x = count * 7919 % 1009 / 1009
    if np.dtype(dtype).kind == "c":
        x = x + 1j * (count * 104729 % 997 / 997)
    return np.asfortranarray(x.reshape(shape).astype(dtype))


def feed(digest, x):
    if isinstance(x, (tuple, list)):
        for y in x:
            feed(digest, y)
    else:
        digest.update(np.asarray(x).tobytes("F"))


class Precision:
    def __init__(self, letter):
        self.letter, self.dtype = letter, TYPES[letter]
        self.is_real = letter in "sd"
        self.real = np.zeros(1, self.dtype).real.dtype

    def noise(self, *shape):
        return noise(self.dtype, *shape)

    def call(self, name, *args, **options):
        module = scipy.linalg.lapack
        if not hasattr(module, self.letter + name):
            module = scipy.linalg.blas
        return getattr(module, self.letter + name)(*args, **options)

    def run(self, name, *args, pick=slice(None), **options):
        result = self.call(name, *args, **options)
        digest = hashlib.sha256()
        feed(digest, result[pick] if isinstance(result, tuple) else result)
        print(self.letter + name, digest.hexdigest()[:16])
        return result

    def fortran(self, name, *args):
        """Letters, numbers and arrays; tuples are only room to work in. The
        lengths of letters come last."""
        digest, pointers, lengths = hashlib.sha256(), [], []
        for x in args:
            if isinstance(x, str):
                x = np.frombuffer(x.encode(), np.uint8)
                lengths.append(ctypes.c_size_t(1))
            elif isinstance(x, int):
                x = np.array([x], np.int32)
            elif isinstance(x, float):
                x = np.array([x], self.real)
            pointers.append(np.zeros(x) if isinstance(x, tuple) else x)
        getattr(LIBRARY, self.letter + name + "_")(
            *(ctypes.c_void_p(x.ctypes.data) for x in pointers), *lengths)
        feed(digest, [x for x, y in zip(pointers, args)
                      if not isinstance(y, tuple)])
        print(self.letter + name, digest.hexdigest()[:16])

    def reals(self, *shape):
        return np.zeros(shape, self.real, "F")

    def elements(self, *shape):
        return np.zeros(shape, self.dtype, "F")

    def matrices(self):
        identity = np.eye(N, dtype=self.dtype)
        self.a = np.asfortranarray(self.noise(N, N) + N * identity)
        self.g = self.noise(N, N)
        self.tall = self.noise(M, N)
        self.b, self.tall_b = self.noise(N, K), self.noise(M, K)
        self.s = np.asfortranarray(self.a + self.a.T)
        self.h = np.asfortranarray(self.a @ self.a.conj().T + identity)
        self.h2 = np.asfortranarray(self.h + identity)
        self.u = np.asfortranarray(np.triu(self.a))

    def solve(self):
        band, pair = self.noise(6, N), self.noise(2, N)
        band[3] += 10
        pair[1] = pair[1].real + 6
        d, e = self.noise(N) + 4, self.noise(N - 1)
        self.run("gesv", self.a, self.b)
        self.run("gbsv", 2, 1, band, self.b)
        self.run("gtsv", e, d, e, self.b)
        self.run("posv", self.h, self.b)
        self.run("posv", self.h, self.b, lower=1)
        self.run("pbsv", pair, self.b)
        self.run("ptsv", d.real.astype(self.real), e, self.b)
        self.run("sysv", self.s, self.b)
        if not self.is_real:
            self.run("hesv", self.h, self.b)

    def least_squares(self):
        sizes = self.call("gelsd_lwork", M, N, K)[:-1]
        sizes = [int(np.real(size)) for size in sizes]
        work = int(self.call("gelsy_lwork", M, N, K, 0.1)[0].real)
        self.run("gels", self.tall, self.tall_b)
        self.run("gelsd", self.tall, self.tall_b, *sizes)
        self.run("gelss", self.tall, self.tall_b, pick=slice(4))
        self.run("gelsy", self.tall, self.tall_b, np.zeros(N, np.int32), 1e-6,
                 work)

    def symmetric(self):
        ev, gv = ("syev", "sygv") if self.is_real else ("heev", "hegv")
        for is_full in (0, 1):
            self.run(ev, self.h, compute_v=is_full)
            self.run(ev + "d", self.h, compute_v=is_full)
            self.run(ev + "r", self.h, compute_v=is_full)
            self.run(ev + "r", self.h, compute_v=is_full, range="I", il=3,
                     iu=9, pick=slice(2, 3))
            self.run(gv, self.h, self.h2, jobz="NV"[is_full])
            self.run(gv + "d", self.h, self.h2, jobz="NV"[is_full])

    def general(self):
        self.run("geev", self.g)
        self.run("geev", self.g, compute_vl=0, compute_vr=0, pick=slice(1))
        self.run("gees", lambda *x: 0, self.g, sort_t=0, pick=slice(-2))
        self.run("ggev", self.g, self.a, pick=slice(-2))
        self.run("gges", lambda *x: 0, self.g, self.a, sort_t=0,
                 pick=slice(-2))

    def singular(self):
        for x in (self.tall, np.asfortranarray(self.tall.T)):
            for name in ("gesvd", "gesdd"):
                self.run(name, x, full_matrices=0)
                self.run(name, x, full_matrices=1)
                self.run(name, x, compute_uv=0, pick=slice(1, 2))

    def factors(self):
        org, orm = ("org", "ormqr") if self.is_real else ("ung", "unmqr")
        lu, pivots, _ = self.run("getrf", self.a)
        self.run("getrs", lu, pivots, self.b)
        self.run("getri", lu, pivots)
        factor, _ = self.run("potrf", self.h)
        self.run("potrs", factor, self.b)
        self.run("potri", factor)
        self.run("sytrf", self.s)
        if not self.is_real:
            self.run("hetrf", self.h)
        qr, tau = self.run("geqrf", self.tall, pick=slice(2))[:2]
        self.run("geqp3", self.tall, pick=slice(3))
        self.run(org + "qr", qr, tau, pick=slice(1))
        self.run(orm, "L", "T" if self.is_real else "C", qr, tau,
                 self.noise(M, K), 64 * M, pick=slice(1))
        hessenberg, tau = self.run("gehrd", self.g, pick=slice(2))[:2]
        self.run(org + "hr", hessenberg, tau, pick=slice(1))
        self.run("trtri", self.u)
        self.run("trtrs", self.u, self.b)
        other = np.asfortranarray(self.u + 3 * np.eye(N, dtype=self.dtype))
        self.run("trsyl", self.u, other, self.g)

    def products(self):
        self.run("gemm", 1.5, self.tall, self.g)
        self.run("gemm", 1.5, self.tall, self.tall, beta=0.5, c=self.s,
                 trans_a=1)
        self.run("symm", 2, self.s, self.b)
        self.run("syrk", 2, self.tall, trans=1)
        self.run("syr2k", 2, self.tall, self.tall, trans=1)
        self.run("trmm", 2, self.u, self.b)
        self.run("trsm", 2, self.u, self.b)
        if not self.is_real:
            self.run("hemm", 2, self.h, self.b)
            self.run("herk", 2, self.tall)
            self.run("her2k", 2, self.tall, self.tall)

    def by_pointers(self):
        work, room = (9999,), 4096
        info, count = np.zeros(1, np.int32), np.zeros(1, np.int32)
        ints = np.zeros(2 * N, np.int32)
        org, orm = ("orglq", "ormlq") if self.is_real else ("unglq", "unmlq")
        wide, tau = self.noise(N, M), self.elements(N)
        self.fortran("gelqf", N, M, wide, N, tau, work, room, info)
        product = self.noise(M, K)
        self.fortran(orm, "L", "N", M, K, N, wide, N, tau, product, M, work,
                     room, info)
        product = self.noise(K, M)
        self.fortran(orm, "R", "T" if self.is_real else "C", K, M, N, wide, N,
                     tau, product, K, work, room, info)
        self.fortran(org, N, M, N, wide, N, tau, work, room, info)

        values = (self.elements(N), self.elements(N))[:1 + self.is_real]
        extra = (work,) if self.is_real else (work, work)
        for job, sense in (("N", "N"), ("V", "N"), ("V", "B")):
            tail = (work, room, work, info)
            self.fortran("geevx", "B", job, job, sense, N, self.noise(N, N), N,
                         *values, self.elements(N, N), N, self.elements(N, N),
                         N, count, info.copy(), self.reals(N), self.reals(1),
                         self.reals(N), self.reals(N), *tail)
        for job in "NV":
            tail = (ints[:1], 1, work) if self.is_real else (work, work)
            self.fortran("geesx", job, "N", work, "N", N, self.noise(N, N), N,
                         count, *values, self.elements(N, N), N, self.reals(1),
                         self.reals(1), work, room, *tail, info)
        name = "syevx" if self.is_real else "heevx"
        for job, some in (("N", "A"), ("V", "A"), ("V", "I"), ("N", "I")):
            self.fortran(name, job, some, "U", N, self.h.copy("F"), N, 0.0,
                         0.0, 3, 9, 0.0, count, self.reals(N),
                         self.elements(N, N), N, work, room, *extra,
                         ints[:N], info)

        band = self.noise(6, N)
        band[3] += 10
        self.fortran("gbtrf", N, N, 2, 1, band, 6, ints[:N], info)
        self.fortran("gbtrs", "N", N, 2, 1, K, band, 6, ints[:N],
                     self.b.copy("F"), N, info)
        low, middle, high = (self.noise(N - 1), self.noise(N) + 4,
                             self.noise(N - 1))
        more = self.elements(N - 2)
        self.fortran("gttrf", N, low, middle, high, more, ints[:N], info)
        self.fortran("gttrs", "T", N, K, low, middle, high, more, ints[:N],
                     self.b.copy("F"), N, info)
        pair = self.noise(2, N)
        pair[1] = pair[1].real + 6
        self.fortran("pbtrf", "U", N, 1, pair, 2, info)
        self.fortran("pbtrs", "U", N, 1, K, pair, 2, self.b.copy("F"), N, info)
        d, e = (self.noise(N) + 4).real.copy(), self.noise(N - 1)
        self.fortran("pttrf", N, d, e, info)
        letter = () if self.is_real else ("L",)
        self.fortran("pttrs", *letter, N, K, d, e, self.b.copy("F"), N, info)

        for kind, x in (("sy", self.s), ("he", self.h))[:2 - self.is_real]:
            x = x.copy("F")
            self.fortran(kind + "trf", "L", N, x, N, ints[:N], work, room,
                         info)
            self.fortran(kind + "trs", "L", N, K, x, N, ints[:N],
                         self.b.copy("F"), N, info)
            self.fortran(kind + "tri", "L", N, x, N, ints[:N], work, info)
        x = self.h.copy("F")
        self.fortran("pstrf", "U", N, x, N, ints[:N], count, -1.0, work, info)
        tail = (self.reals(1), work, work, info)
        x = self.h.copy("F")
        self.fortran("gecon", "1", N, x, N, 100.0, *tail)
        self.fortran("potrf", "U", N, x, N, info)
        self.fortran("pocon", "U", N, x, N, 100.0, *tail)
        self.fortran("trcon", "I", "U", "N", N, x, N, *tail)


for letter in sys.argv[1]:
    precision = Precision(letter)
    for part in (precision.matrices, precision.solve, precision.least_squares,
                 precision.symmetric, precision.general, precision.singular,
                 precision.factors, precision.products,
                 precision.by_pointers):
        part()
