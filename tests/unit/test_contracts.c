/* SPDX-License-Identifier: MIT */
/*
 * The contract libraries that ship: each is read without a mistake, and what
 * it says fits the prototypes it is for.
 */
#include "config/config.h"
#include "shim/planner/signature/cdecl.h"
#include "shim/planner/contract/program.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const char *const dirs[] = {"config/contracts", NULL};

/* From gsl/gsl_*.h; the library itself has no signatures. */
static const char gsl_types[] =
	"typedef struct { size_t size; double *data; } gsl_block;"
	"typedef struct { size_t size, stride; double *data; gsl_block *block;"
	" int owner; } gsl_vector;"
	"typedef struct { size_t size1, size2, tda; double *data;"
	" gsl_block *block; int owner; } gsl_matrix;"
	"typedef struct { size_t size1, size2, tda; double *data;"
	" gsl_block *block; int owner; } gsl_matrix_complex;"
	"typedef struct { size_t size; size_t *data; } gsl_permutation;"
	"typedef struct { size_t size; double *d, *sd; } workspace;"
	"typedef struct { size_t n; double *x, *w; int precomputed; }"
	" gsl_integration_glfixed_table;"
	"typedef struct { size_t size, stride; double *data; gsl_block *block;"
	" int owner; } gsl_vector_complex;"
	"typedef struct { size_t size, max_iterations, n_iter, n_evals;"
	" int compute_t; gsl_matrix *H, *Z; } francis;"
	"typedef struct { size_t size; gsl_vector *diag, *tau; gsl_matrix *Z;"
	" int do_balance; size_t n_evals; francis *francis_workspace_p; }"
	" nonsymm;"
	"typedef struct { size_t size; gsl_vector *work, *work2, *work3;"
	" gsl_matrix *Z; nonsymm *nonsymm_workspace_p; } nonsymmv;"
	"typedef struct { size_t nmax, pmax, n, p; gsl_matrix *A, *Q, *QSI;"
	" gsl_vector *S, *t, *xt, *D; double rcond; } multifit;";

static const char *const gsl_prototypes[][2] = {
	{"gsl_linalg_SV_decomp", "(gsl_matrix *A, gsl_matrix *V,"
				 " gsl_vector *S, gsl_vector *work)"},
	{"gsl_linalg_SV_decomp_mod",
	 "(gsl_matrix *A, gsl_matrix *X, gsl_matrix *V, gsl_vector *S,"
	 " gsl_vector *work)"},
	{"gsl_linalg_SV_decomp_jacobi",
	 "(gsl_matrix *A, gsl_matrix *Q, gsl_vector *S)"},
	{"gsl_linalg_SV_solve",
	 "(const gsl_matrix *U, const gsl_matrix *V, const gsl_vector *S,"
	 " const gsl_vector *b, gsl_vector *x)"},
	{"gsl_linalg_LU_decomp",
	 "(gsl_matrix *A, gsl_permutation *p, int *signum)"},
	{"gsl_linalg_LU_solve",
	 "(const gsl_matrix *LU, const gsl_permutation *p,"
	 " const gsl_vector *b, gsl_vector *x)"},
	{"gsl_linalg_LU_svx", "(const gsl_matrix *LU, const gsl_permutation *p,"
			      " gsl_vector *x)"},
	{"gsl_linalg_HH_svx", "(gsl_matrix *A, gsl_vector *x)"},
	{"gsl_eigen_nonsymm",
	 "(gsl_matrix *A, gsl_vector_complex *eval, nonsymm *w)"},
	{"gsl_eigen_nonsymmv",
	 "(gsl_matrix *A, gsl_vector_complex *eval, gsl_matrix_complex *evec,"
	 " nonsymmv *w)"},
	{"gsl_fit_wmul",
	 "(const double *x, const size_t xstride, const double *w,"
	 " const size_t wstride, const double *y, const size_t ystride,"
	 " const size_t n, double *c1, double *cov_11, double *chisq)"},
	{"gsl_multifit_linear",
	 "(const gsl_matrix *X, const gsl_vector *y, gsl_vector *c,"
	 " gsl_matrix *cov, double *chisq, multifit *work)"},
	{"gsl_linalg_LU_invert",
	 "(const gsl_matrix *LU, const gsl_permutation *p,"
	 " gsl_matrix *inverse)"},
	{"gsl_linalg_LU_det", "(gsl_matrix *LU, int signum)"},
	{"gsl_linalg_QR_decomp", "(gsl_matrix *A, gsl_vector *tau)"},
	{"gsl_linalg_QR_solve", "(const gsl_matrix *QR, const gsl_vector *tau,"
				" const gsl_vector *b, gsl_vector *x)"},
	{"gsl_linalg_QR_lssolve",
	 "(const gsl_matrix *QR, const gsl_vector *tau,"
	 " const gsl_vector *b, gsl_vector *x, gsl_vector *residual)"},
	{"gsl_linalg_QR_unpack",
	 "(const gsl_matrix *QR, const gsl_vector *tau, gsl_matrix *Q,"
	 " gsl_matrix *R)"},
	{"gsl_linalg_cholesky_decomp", "(gsl_matrix *A)"},
	{"gsl_linalg_cholesky_decomp1", "(gsl_matrix *A)"},
	{"gsl_linalg_cholesky_solve",
	 "(const gsl_matrix *LLT, const gsl_vector *b, gsl_vector *x)"},
	{"gsl_linalg_cholesky_invert", "(gsl_matrix *LLT)"},
	{"gsl_eigen_symm", "(gsl_matrix *A, gsl_vector *eval, workspace *w)"},
	{"gsl_eigen_symmv",
	 "(gsl_matrix *A, gsl_vector *eval, gsl_matrix *evec, workspace *w)"},
	{"gsl_eigen_herm",
	 "(gsl_matrix_complex *A, gsl_vector *eval, workspace *w)"},
	{"gsl_eigen_hermv", "(gsl_matrix_complex *A, gsl_vector *eval,"
			    " gsl_matrix_complex *evec, workspace *w)"},
	{"gsl_fit_linear",
	 "(const double *x, const size_t xstride, const double *y,"
	 " const size_t ystride, const size_t n, double *c0, double *c1,"
	 " double *cov_00, double *cov_01, double *cov_11, double *sumsq)"},
	{"gsl_fit_wlinear",
	 "(const double *x, const size_t xstride, const double *w,"
	 " const size_t wstride, const double *y, const size_t ystride,"
	 " const size_t n, double *c0, double *c1, double *cov_00,"
	 " double *cov_01, double *cov_11, double *chisq)"},
	{"gsl_fit_mul",
	 "(const double *x, const size_t xstride, const double *y,"
	 " const size_t ystride, const size_t n, double *c1, double *cov_11,"
	 " double *sumsq)"},
	{"gsl_integration_glfixed_table_alloc", "(size_t n)"},
	{"gsl_blas_dgemm",
	 "(int TransA, int TransB, double alpha, const gsl_matrix *A,"
	 " const gsl_matrix *B, double beta, gsl_matrix *C)"},
};

static void write_gsl_signature(const char *name, char *text, size_t size)
{
	size_t count = sizeof gsl_prototypes / sizeof *gsl_prototypes;
	const char *result = strstr(name, "_table_alloc")
				     ? "gsl_integration_glfixed_table *"
			     : strstr(name, "_det") ? "double "
						    : "int ";

	for (size_t i = 0; i < count; i++) {
		if (strcmp(gsl_prototypes[i][0], name) != 0)
			continue;
		(void)snprintf(text, size, "%s%s%s%s", gsl_types, result, name,
			       gsl_prototypes[i][1]);
		return;
	}
	ck_abort_msg("no prototype of %s in this test", name);
}

static void check_function(const struct ckpt_config *library,
			   const struct ckpt_function_config *function)
{
	struct ckpt_program_request request = {
		.config = function,
		.type_configs = library->types,
		.type_config_count = library->type_count,
		.types = ckpt_types_create(),
	};
	struct ckpt_plan_function plan = {0};
	struct ckpt_signature signature;
	struct ckpt_tables tables;
	struct ckpt_err err = {0};
	const char *name = NULL;
	char text[4096];

	if (function->signature)
		(void)snprintf(text, sizeof text, "%s", function->signature);
	else
		write_gsl_signature(function->name, text, sizeof text);
	ck_assert_msg(!ckpt_cdecl_parse(request.types, text,
					function->signature
						? &function->signature_place
						: &function->place,
					&signature, &name, &err),
		      "%s: %s", function->name, err.text);
	ck_assert_str_eq(name, function->name);
	request.signature = &signature;
	ckpt_tables_init(&tables);
	ck_assert_msg(!ckpt_program_compile(&tables, &request, &plan, &err),
		      "%s: %s", function->name, err.text);
	ckpt_tables_deinit(&tables);
	ckpt_types_destroy(request.types);
}

static void check_library(const char *name)
{
	struct ckpt_config *library = NULL;
	struct ckpt_err err = {0};

	ck_assert_msg(!ckpt_config_load_library(name, dirs, &library, &err),
		      "%s", err.text);
	ck_assert_ptr_nonnull(library->description);
	ck_assert_uint_gt(library->function_count + library->type_count, 0);
	for (size_t i = 0; i < library->function_count; i++)
		check_function(library, &library->functions[i]);
	ckpt_config_destroy(library);
}

#define LIBRARY(name)                          \
	START_TEST(name##_fits_its_prototypes) \
	{                                      \
		check_library(#name);          \
	}                                      \
	END_TEST

LIBRARY(apr)
LIBRARY(argon2)
LIBRARY(blas)
LIBRARY(brotli)
LIBRARY(crypt)
LIBRARY(divsufsort)
LIBRARY(gsl)
LIBRARY(lapack)
LIBRARY(liblinear)
LIBRARY(libstdcxx)
LIBRARY(libsvm)
LIBRARY(lzma)
LIBRARY(nettle)
LIBRARY(openssl)
LIBRARY(zlib)
LIBRARY(zstd)

UNIT_MAIN("contracts", apr_fits_its_prototypes, argon2_fits_its_prototypes,
	  blas_fits_its_prototypes, brotli_fits_its_prototypes,
	  crypt_fits_its_prototypes, divsufsort_fits_its_prototypes,
	  gsl_fits_its_prototypes, lapack_fits_its_prototypes,
	  liblinear_fits_its_prototypes, libstdcxx_fits_its_prototypes,
	  libsvm_fits_its_prototypes, lzma_fits_its_prototypes,
	  nettle_fits_its_prototypes, openssl_fits_its_prototypes,
	  zlib_fits_its_prototypes, zstd_fits_its_prototypes)
