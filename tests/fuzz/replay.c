/* SPDX-License-Identifier: MIT */
/*
 * main() of the fuzz entries in `make check`: the corpus of this entry (files
 * of tests/fuzz/corpus/NAME, or the arguments), then mutations of it, the same
 * ones each time. libFuzzer brings its own main().
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"

enum {
	INPUT_MAX = 1 << 20,
	MUTATIONS = 400, /* of each file */
	FLIPS_MAX = 8,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* splitmix64 (public domain, S. Vigna): small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* From a block of its very size, so that valgrind and ASan see overruns. */
static void try_input(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void mutate(const uint8_t *data, size_t size, uint64_t *seed)
{
	_cleanup_free_ uint8_t *copy = malloc(size + 1);
	size_t flips = 1 + next_random(seed) % FLIPS_MAX;
	size_t cut = size;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	for (size_t i = 0; size && i < flips; i++) {
		size_t at = next_random(seed) % size;

		switch (next_random(seed) % 4) {
		case 0:
			copy[at] = (uint8_t)next_random(seed);
			break;
		case 1:
			copy[at] = next_random(seed) % 2 ? 0xff : 0;
			break;
		default:
			copy[at] ^= (uint8_t)(1u << next_random(seed) % 8);
		}
	}
	if (next_random(seed) % 4 == 0)
		cut = next_random(seed) % (size + 1);
	try_input(copy, cut);
}

static size_t replay_data(const uint8_t *data, size_t size)
{
	uint64_t seed = size;

	try_input(data, size);
	for (int i = 0; i < MUTATIONS; i++)
		mutate(data, size, &seed);
	return 1 + MUTATIONS;
}

static size_t replay_file(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ uint8_t *data = malloc(INPUT_MAX);
	size_t size;

	if (!file || !data) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	size = fread(data, 1, INPUT_MAX, file);
	return replay_data(data, size);
}

static size_t replay_directory(const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);
	size_t inputs = 0;

	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *file = NULL;

		if (names[i]->d_name[0] != '.' &&
		    asprintf(&file, "%s/%s", path, names[i]->d_name) > 0)
			inputs += replay_file(file);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return inputs;
}

int main(int argc, char **argv)
{
	const char *name = strstr(argv[0], "fuzz_");
	char path[256];
	size_t inputs = replay_data((const uint8_t *)"", 0);

	for (int i = 1; i < argc; i++)
		inputs += replay_file(argv[i]);
	if (name) {
		while (strstr(name + 1, "fuzz_"))
			name = strstr(name + 1, "fuzz_");
		snprintf(path, sizeof(path), "tests/fuzz/corpus/%s",
			 name + strlen("fuzz_"));
		inputs += replay_directory(path);
	}
	printf("%zu inputs\n", inputs);
	return 0;
}
