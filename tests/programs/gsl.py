# SPDX-License-Identifier: MIT
"""Linear algebra, eigenvalues and fits of the GNU Scientific Library through
ctypes: a line a call with what it returns and a digest of what it writes.
Matrices and vectors are parts of larger ones, with strides."""
import ctypes as c
import hashlib

import numpy as np

c.CDLL("libgslcblas.so.0", mode=c.RTLD_GLOBAL)
GSL = c.CDLL("libgsl.so.27")
S, D, P = c.c_size_t, c.c_double, c.c_void_p
N, M = 12, 17


class Vector(c.Structure):
    _fields_ = [("size", S), ("stride", S), ("data", P), ("block", P),
                ("owner", c.c_int)]


class Matrix(c.Structure):
    _fields_ = [("size1", S), ("size2", S), ("tda", S), ("data", P),
                ("block", P), ("owner", c.c_int)]


class Permutation(c.Structure):
    _fields_ = [("size", S), ("data", P)]


kept = {}  # by the address of a structure: it, and its numpy array
rooms = []


def noise(*shape):
    count = np.arange(1, int(np.prod(shape)) + 1)
    return (count * 7919 % 1009 / 1009).reshape(shape)


def keep(structure, x):
    kept[id(structure)] = structure, x
    return structure


def vector(x, parts=1):
    x = np.ascontiguousarray(x, float)
    wide = np.full((len(x) // parts, 3 * parts), 0.25)
    wide[:, :parts] = x.reshape(-1, parts)
    return keep(Vector(len(x) // parts, 3, wide.ctypes.data, None, 0), wide)


def matrix(x, parts=1):
    x = np.ascontiguousarray(x, float)
    wide = np.full((x.shape[0], x.shape[1] + 4 * parts), 0.5)
    wide[:, :x.shape[1]] = x
    return keep(Matrix(x.shape[0], x.shape[1] // parts, wide.shape[1] // parts,
                       wide.ctypes.data, None, 0), wide)


def room(x):
    """Only to work in: what is left there means nothing."""
    rooms.append(kept.pop(id(x)))
    return x


def permutation(size):
    x = np.zeros(size, np.uint64)
    return keep(Permutation(size, x.ctypes.data), x)


def content(x):
    return kept[id(x)][1]


def call(name, *args, result=c.c_int):
    passed = [c.byref(x) if isinstance(x, c.Structure) else x for x in args]
    function = getattr(GSL, "gsl_" + name)
    function.restype = result
    returned = function(*passed)
    digest = hashlib.sha256()
    for x in args:
        if id(x) in kept:
            digest.update(content(x).tobytes())
    print(name, returned, digest.hexdigest()[:16])


def allocate(name, *sizes):
    function = getattr(GSL, "gsl_" + name + "_alloc")
    function.restype = P
    return P(function(*map(S, sizes)))


general = noise(N, N) + N * np.eye(N)
symmetric = general + general.T
positive = general @ general.T
tall = noise(M, N) + np.eye(M, N)
b, tall_b = noise(N), noise(M)
zero, tall_zero = np.zeros(N), np.zeros(M)

u, v, s = matrix(tall), matrix(np.zeros((N, N))), vector(zero)
call("linalg_SV_decomp", u, v, s, room(vector(zero)))
call("linalg_SV_solve", u, v, s, vector(tall_b), vector(zero))
call("linalg_SV_decomp_mod", matrix(tall), room(matrix(np.zeros((N, N)))),
     matrix(np.zeros((N, N))), vector(zero), room(vector(zero)))
call("linalg_SV_decomp_jacobi", matrix(tall), matrix(np.zeros((N, N))),
     vector(zero))

lu, p, sign = matrix(general), permutation(N), c.c_int()
call("linalg_LU_decomp", lu, p, c.byref(sign))
call("linalg_LU_solve", lu, p, vector(b), vector(zero))
call("linalg_LU_svx", lu, p, vector(b))
call("linalg_LU_invert", lu, p, matrix(np.zeros((N, N))))
call("linalg_LU_det", lu, sign, result=D)
call("linalg_HH_svx", matrix(general), vector(b))

qr, tau = matrix(general), vector(zero)
call("linalg_QR_decomp", qr, tau)
call("linalg_QR_solve", qr, tau, vector(b), vector(zero))
call("linalg_QR_unpack", qr, tau, matrix(np.zeros((N, N))),
     matrix(np.zeros((N, N))))
qr, tau = matrix(tall), vector(zero)
call("linalg_QR_decomp", qr, tau)
call("linalg_QR_lssolve", qr, tau, vector(tall_b), vector(zero),
     vector(tall_zero))
call("linalg_cholesky_decomp", matrix(positive))
llt = matrix(positive)
call("linalg_cholesky_decomp1", llt)
call("linalg_cholesky_solve", llt, vector(b), vector(zero))
call("linalg_cholesky_invert", llt)

call("eigen_symm", matrix(symmetric), vector(zero),
     allocate("eigen_symm", N))
call("eigen_symmv", matrix(symmetric), vector(zero), matrix(np.zeros((N, N))),
     allocate("eigen_symmv", N))
hermitian = np.kron(symmetric, [1, 0])
hermitian[0, 3], hermitian[1, 1] = 0.5, -0.5
call("eigen_herm", matrix(hermitian, 2), vector(zero),
     allocate("eigen_herm", N))
call("eigen_hermv", matrix(hermitian, 2), vector(zero),
     matrix(np.zeros((N, 2 * N)), 2), allocate("eigen_hermv", N))
work = allocate("eigen_nonsymm", N)
for wants_schur, is_balanced in ((0, 0), (0, 1), (1, 1)):
    GSL.gsl_eigen_nonsymm_params(wants_schur, is_balanced, work)
    call("eigen_nonsymm", matrix(noise(N, N)), vector(np.zeros(2 * N), 2),
         work)
work = allocate("eigen_nonsymmv", N)
for is_balanced in 0, 1:
    GSL.gsl_eigen_nonsymmv_params(is_balanced, work)
    call("eigen_nonsymmv", matrix(noise(N, N)), vector(np.zeros(2 * N), 2),
         matrix(np.zeros((N, 2 * N)), 2), work)

chi, work = D(), allocate("multifit_linear", M + 3, N + 2)
fit = vector(zero)
call("multifit_linear", matrix(tall), vector(tall_b), fit,
     matrix(np.zeros((N, N))), c.byref(chi), work)
GSL.gsl_multifit_linear_rank.restype = S
GSL.gsl_multifit_linear_rcond.restype = D
print(chi.value, GSL.gsl_multifit_linear_rank(D(1e-9), work),
      GSL.gsl_multifit_linear_rcond(work))
# Goes on with what the workspace keeps.
rest, size = D(), D()
call("multifit_linear_solve", D(0.1), matrix(tall), vector(tall_b), fit,
     c.byref(rest), c.byref(size), work)
print(rest.value, size.value)

call("blas_dgemm", 111, 112, D(1.5), matrix(tall), matrix(noise(M, N)),
     D(0.5), matrix(noise(M, M)))
