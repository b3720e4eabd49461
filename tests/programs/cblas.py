# SPDX-License-Identifier: MIT
"""The C interface of BLAS level 3, in all precisions, both orders and all
transpositions, with rows further apart than they are long: a line a call with
a digest of the result. Then numpy's product, which uses it.

usage: cblas.py GARBAGE: what C holds where it is only written"""
import ctypes
import hashlib
import sys

import numpy as np

LIBRARY = ctypes.CDLL("libblas.so.3")
TYPES = {"s": np.float32, "d": np.float64,
         "c": np.complex64, "z": np.complex128}
REALS = {"s": ctypes.c_float, "d": ctypes.c_double}
M = N = 13
K, LD = 9, 16
GARBAGE = float(sys.argv[1])


class Precision:
    def __init__(self, letter):
        self.letter, self.is_complex = letter, letter in "cz"
        self.real = REALS[{"c": "s", "z": "d"}.get(letter, letter)]

    def matrix(self):
        count = np.arange(1, LD * LD + 1)
        x = count * 7919 % 1009 / 1009
        if self.is_complex:
            x = x + 1j * (count * 104729 % 997 / 997)
        # Far from singular, for the triangular solver.
        return (x.reshape(LD, LD) + 4 * np.eye(LD)).astype(TYPES[self.letter])

    def scalar(self, x):
        if not self.is_complex:
            return self.real(x)
        self.kept = getattr(self, "kept", [])[-1:]
        self.kept.append(np.array([x], TYPES[self.letter]))
        return ctypes.c_void_p(self.kept[-1].ctypes.data)

    def call(self, name, *args):
        """Integers, matrices, reals as c_float or c_double, and scalars as a
        tuple; the last matrix is the result."""
        passed = []
        for x in args:
            if isinstance(x, np.ndarray):
                result = x
                passed += [ctypes.c_void_p(x.ctypes.data), LD]
            else:
                passed.append(self.scalar(*x) if isinstance(x, tuple) else x)
        getattr(LIBRARY, f"cblas_{self.letter}{name}")(*passed)
        print(self.letter + name, [x for x in args if isinstance(x, int)],
              hashlib.sha256(result.tobytes()).hexdigest()[:16])

    def run(self):
        a, b = self.matrix(), self.matrix()
        last = 113 if self.is_complex else 112
        for order in (101, 102):
            for trans in range(111, last + 1):
                for beta in (0, 0.5):
                    c = self.matrix() * (GARBAGE if beta == 0 else 1)
                    # Between the rows nothing is written.
                    c[N:] = c[:, N:] = 0
                    self.call("gemm", order, trans, 111 + (trans == 111), M,
                              N, K, (1.5,), a, b, (beta,), c)
                self.call("trmm", order, 141, 121, trans, 131, M, N, (2,), a,
                          self.matrix())
                self.call("trsm", order, 142, 122, trans, 131, M, N, (2,), a,
                          self.matrix())
            kinds = ["sy"] + ["he"] * self.is_complex
            for kind in kinds:
                for side in (141, 142):
                    c = self.matrix() * GARBAGE
                    c[N:] = c[:, N:] = 0
                    self.call(kind + "mm", order, side, 121, M, N, (2,), a, b,
                              (0,), c)
                real = kind == "he"
                one = self.real(1.5) if real else (1.5,)
                for trans in (111, 113 if real else 112):
                    self.call(kind + "rk", order, 121, trans, N, K, one, a,
                              one, self.matrix())
                    self.call(kind + "r2k", order, 122, trans, N, K, (1.5,), a,
                              b, one, self.matrix())


for letter in "sdcz":
    Precision(letter).run()
x = np.arange(90000.0).reshape(300, 300) % 1009
print(hashlib.sha256((x @ (x + 1)).tobytes()).hexdigest())
