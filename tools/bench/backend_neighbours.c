/* SPDX-License-Identifier: MIT */
/*
 * The same hits from stores that people know: LMDB, SQLite, Redis over a unix
 * socket, joblib.Memory; beside them ckpt, in one run. What is not installed
 * is named (liblmdb0, libsqlite3-0, redis-server, python3-joblib).
 */
#include "shim/common/hash.h"
#include "shim/store/store.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5, BACKENDS = 4, MAX_VALUE = 1 << 20 };

static char top[64];
static uint8_t *value;
static uint8_t *copy;

static double read_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct ckpt_hash128 make_key(uint64_t number)
{
	uint64_t words[2] = {number, ~number};

	return ckpt_hash(NULL, words, sizeof(words));
}

/* ---- LMDB (lmdb.h, 0.9): its functions by name ---- */

struct mdb_val {
	size_t size;
	void *data;
};

struct lmdb {
	void *env, *reader;
	unsigned dbi;
	int (*put)(void *txn, unsigned dbi, struct mdb_val *key,
		   struct mdb_val *data, unsigned flags);
	int (*get)(void *txn, unsigned dbi, struct mdb_val *key,
		   struct mdb_val *data);
	int (*begin)(void *env, void *parent, unsigned flags, void **txn);
	int (*commit)(void *txn);
	int (*renew)(void *txn);
	void (*reset)(void *txn);
};

enum { MDB_NOSYNC = 0x10000, MDB_RDONLY = 0x20000, MDB_CREATE = 0x40000 };

static void *find(void *library, const char *name)
{
	void *function = library ? dlsym(library, name) : NULL;

	if (library && !function)
		fprintf(stderr, "%s is missing\n", name);
	return function;
}

static bool open_lmdb(struct lmdb *db)
{
	void *library = dlopen("liblmdb.so.0", RTLD_NOW);
	int (*create)(void **) = find(library, "mdb_env_create");
	int (*set_size)(void *, size_t) = find(library, "mdb_env_set_mapsize");
	int (*open_env)(void *, const char *, unsigned, unsigned) =
		find(library, "mdb_env_open");
	int (*open_dbi)(void *, const char *, unsigned, unsigned *) =
		find(library, "mdb_dbi_open");
	char path[128];
	void *txn;

	if (!library)
		return false;
	db->put = find(library, "mdb_put");
	db->get = find(library, "mdb_get");
	db->begin = find(library, "mdb_txn_begin");
	db->commit = find(library, "mdb_txn_commit");
	db->renew = find(library, "mdb_txn_renew");
	db->reset = find(library, "mdb_txn_reset");
	snprintf(path, sizeof(path), "mkdir -p %s/lmdb", top);
	if (system(path))
		return false;
	snprintf(path, sizeof(path), "%s/lmdb", top);
	if (create(&db->env) || set_size(db->env, 4ULL << 30) ||
	    open_env(db->env, path, MDB_NOSYNC, 0600) ||
	    db->begin(db->env, NULL, 0, &txn) ||
	    open_dbi(txn, NULL, MDB_CREATE, &db->dbi) || db->commit(txn) ||
	    db->begin(db->env, NULL, MDB_RDONLY, &db->reader))
		return false;
	db->reset(db->reader);
	return true;
}

static bool put_lmdb(struct lmdb *db, struct ckpt_hash128 key, size_t size)
{
	struct mdb_val k = {sizeof(key), &key};
	struct mdb_val v = {size, value};
	void *txn;

	return !db->begin(db->env, NULL, 0, &txn) &&
	       !db->put(txn, db->dbi, &k, &v, 0) && !db->commit(txn);
}

static size_t get_lmdb(struct lmdb *db, struct ckpt_hash128 key)
{
	struct mdb_val k = {sizeof(key), &key};
	struct mdb_val v = {0, NULL};

	if (db->renew(db->reader))
		return 0;
	if (!db->get(db->reader, db->dbi, &k, &v))
		memcpy(copy, v.data, v.size);
	db->reset(db->reader);
	return v.size;
}

/* ---- SQLite ---- */

struct sqlite {
	void *db, *select, *insert;
	int (*bind)(void *, int, const void *, int, void (*)(void *));
	int (*step)(void *);
	int (*reset)(void *);
	const void *(*blob)(void *, int);
	int (*bytes)(void *, int);
};

static bool open_sqlite(struct sqlite *db)
{
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW);
	int (*open_db)(const char *, void **) = find(library, "sqlite3_open");
	int (*prepare)(void *, const char *, int, void **, const char **) =
		find(library, "sqlite3_prepare_v2");
	int (*exec)(void *, const char *, void *, void *, char **) =
		find(library, "sqlite3_exec");
	char path[128];

	if (!library)
		return false;
	db->bind = find(library, "sqlite3_bind_blob");
	db->step = find(library, "sqlite3_step");
	db->reset = find(library, "sqlite3_reset");
	db->blob = find(library, "sqlite3_column_blob");
	db->bytes = find(library, "sqlite3_column_bytes");
	snprintf(path, sizeof(path), "%s/sqlite", top);
	return !open_db(path, &db->db) &&
	       !exec(db->db,
		     "pragma journal_mode = wal; pragma synchronous = off;"
		     "create table t (k blob primary key, v blob) "
		     "without rowid",
		     NULL, NULL, NULL) &&
	       !prepare(db->db, "select v from t where k = ?", -1, &db->select,
			NULL) &&
	       !prepare(db->db, "insert into t values (?, ?)", -1, &db->insert,
			NULL);
}

static bool put_sqlite(struct sqlite *db, struct ckpt_hash128 key, size_t size)
{
	enum { DONE = 101 };
	bool is_done;

	db->bind(db->insert, 1, &key, sizeof(key), NULL);
	db->bind(db->insert, 2, value, (int)size, NULL);
	is_done = db->step(db->insert) == DONE;
	db->reset(db->insert);
	return is_done;
}

static size_t get_sqlite(struct sqlite *db, struct ckpt_hash128 key)
{
	enum { ROW = 100 };
	size_t size = 0;

	db->bind(db->select, 1, &key, sizeof(key), NULL);
	if (db->step(db->select) == ROW) {
		size = (size_t)db->bytes(db->select, 0);
		memcpy(copy, db->blob(db->select, 0), size);
	}
	db->reset(db->select);
	return size;
}

/* ---- Redis: its protocol, as little as it takes ---- */

struct redis {
	pid_t pid;
	int fd;
};

static bool start_redis(struct redis *redis, struct sockaddr_un *address)
{
	address->sun_family = AF_UNIX;
	snprintf(address->sun_path, sizeof(address->sun_path), "%s/redis.sock",
		 top);
	redis->pid = fork();
	if (!redis->pid) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execlp("redis-server", "redis-server", "--port", "0",
		       "--unixsocket", address->sun_path, "--save", "",
		       "--appendonly", "no", "--dir", top, (char *)NULL);
		_exit(1);
	}
	return redis->pid > 0;
}

static bool open_redis(struct redis *redis)
{
	struct sockaddr_un address = {0};

	if (system("command -v redis-server >/dev/null") ||
	    !start_redis(redis, &address))
		return false;
	redis->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	for (int i = 0; i < 200; i++) {
		if (!connect(redis->fd, (struct sockaddr *)&address,
			     sizeof(address)))
			return true;
		usleep(10000);
	}
	return false;
}

static bool send_all(int fd, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size) {
		ssize_t n = send(fd, from, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		from += n;
		size -= (size_t)n;
	}
	return true;
}

static bool put_redis(struct redis *redis, struct ckpt_hash128 key, size_t size)
{
	char head[128];
	char answer[16];
	int n = snprintf(head, sizeof(head),
			 "*3\r\n$3\r\nSET\r\n$16\r\n................\r\n"
			 "$%zu\r\n",
			 size);

	memcpy(head + 20, &key, 16);
	return send_all(redis->fd, head, (size_t)n) &&
	       send_all(redis->fd, value, size) &&
	       send_all(redis->fd, "\r\n", 2) &&
	       recv(redis->fd, answer, sizeof(answer), 0) == 5;
}

/* "$<size>\r\n<bytes>\r\n" */
static size_t get_redis(struct redis *redis, struct ckpt_hash128 key)
{
	char head[] = "*2\r\n$3\r\nGET\r\n$16\r\n................\r\n";
	size_t size = 0, got;
	char *body;
	ssize_t n;

	memcpy(head + 20, &key, 16);
	if (!send_all(redis->fd, head, sizeof(head) - 1))
		return 0;
	n = recv(redis->fd, copy, MAX_VALUE + 64, 0);
	if (n < 4 || copy[0] != '$')
		return 0;
	size = strtoull((char *)copy + 1, &body, 10);
	got = (size_t)n - (size_t)(body + 2 - (char *)copy);
	while (got < size + 2) {
		n = recv(redis->fd, copy, size + 2 - got, 0);
		if (n <= 0)
			return 0;
		got += (size_t)n;
	}
	return size;
}

/* ---- all ---- */

struct all {
	struct ckpt_store *store;
	struct lmdb lmdb;
	struct sqlite sqlite;
	struct redis redis;
	bool is_there[BACKENDS];
};

static bool put_one(struct all *all, int backend, struct ckpt_hash128 key,
		    size_t size)
{
	struct ckpt_entry_info info = {.function = "f", .object = "libx.so"};
	struct iovec part = {.iov_base = value, .iov_len = size};

	switch (backend) {
	case 0:
		return !ckpt_store_put(all->store, key, &info, &part, 1);
	case 1:
		return put_lmdb(&all->lmdb, key, size);
	case 2:
		return put_sqlite(&all->sqlite, key, size);
	default:
		return put_redis(&all->redis, key, size);
	}
}

static size_t get_one(struct all *all, int backend, struct ckpt_hash128 key)
{
	struct ckpt_entry entry;
	size_t size;

	switch (backend) {
	case 0:
		if (ckpt_store_get(all->store, key, 0, &entry))
			return 0;
		size = entry.payload_size;
		ckpt_store_release(all->store, &entry);
		return size;
	case 1:
		return get_lmdb(&all->lmdb, key);
	case 2:
		return get_sqlite(&all->sqlite, key);
	default:
		return get_redis(&all->redis, key);
	}
}

static int compare_doubles(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static double time_hits(struct all *all, int backend, uint64_t first,
			size_t count, size_t size, size_t hits)
{
	double start = read_ns();

	for (size_t i = 0; i < hits; i++) {
		uint64_t number = first + i * 7919 % count;

		if (get_one(all, backend, make_key(number)) != size) {
			fprintf(stderr, "backend %d: a value is missing\n",
				backend);
			return 0;
		}
	}
	return (read_ns() - start) / (double)hits;
}

static void bench_size(struct all *all, size_t size, size_t count, size_t hits)
{
	uint64_t first = size * 1000000;
	double times[BACKENDS][ROUNDS];

	for (int b = 0; b < BACKENDS; b++)
		for (size_t i = 0; all->is_there[b] && i < count; i++)
			if (!put_one(all, b, make_key(first + i), size))
				all->is_there[b] = false;
	for (int round = -1; round < ROUNDS; round++)
		for (int b = 0; b < BACKENDS; b++)
			if (all->is_there[b])
				times[b][round < 0 ? 0 : round] = time_hits(
					all, b, first, count, size, hits);
	printf("%8zu %9zu", count, size);
	for (int b = 0; b < BACKENDS; b++) {
		qsort(times[b], ROUNDS, sizeof(double), compare_doubles);
		if (all->is_there[b])
			printf(" %11.0f", times[b][ROUNDS / 2]);
		else
			printf(" %11s", "-");
	}
	printf("\n");
	fflush(stdout);
}

/* In its own language: a call with an integer, the result 16 bytes. */
static void bench_joblib(void)
{
	static const char script[] =
		"P=python3; $P -c \"import joblib\" 2>/dev/null || "
		"P=/usr/bin/python3; $P -c 'import sys, time, joblib\n"
		"m = joblib.Memory(sys.argv[1], verbose=0)\n"
		"def f(x): return b\"x\" * 16\n"
		"g = m.cache(f); g(1)\n"
		"n = 2000; t = time.perf_counter()\n"
		"for i in range(n): g(1)\n"
		"print(\"joblib.Memory, small hit: %%.0f ns\" %% "
		"((time.perf_counter() - t) / n * 1e9))' %s/joblib "
		"2>/dev/null || echo 'joblib.Memory: python3-joblib is not "
		"installed'";
	char command[1024];

	snprintf(command, sizeof(command), script, top);
	fflush(stdout);
	if (system(command))
		puts("joblib.Memory: not measured");
}

int main(void)
{
	struct ckpt_store_options options = {0};
	const char *tmp = getenv("TMPDIR");
	struct all all = {.store = NULL};
	char path[128];

	snprintf(top, sizeof(top), "%s/ckpt-bench-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(top))
		return EXIT_FAILURE;
	ckpt_hash_init();
	value = calloc(1, MAX_VALUE + 64);
	copy = calloc(1, MAX_VALUE + 128);
	snprintf(path, sizeof(path), "%s/store", top);
	all.is_there[0] = !ckpt_store_open(path, &options, &all.store, NULL);
	all.is_there[1] = open_lmdb(&all.lmdb);
	all.is_there[2] = open_sqlite(&all.sqlite);
	all.is_there[3] = open_redis(&all.redis);
	puts("nanoseconds a hit\n entries     bytes        ckpt        LMDB    "
	     "  "
	     "SQLite  Redis unix");
	bench_size(&all, 16, 1000, 20000);
	bench_size(&all, 256, 1000, 20000);
	bench_size(&all, 4096, 1000, 10000);
	bench_size(&all, 65000, 1000, 1000);
	bench_size(&all, MAX_VALUE, 50, 100);
	bench_size(&all, 250, 100000, 50000);
	if (all.redis.pid > 0) {
		kill(all.redis.pid, SIGKILL);
		waitpid(all.redis.pid, NULL, 0);
	}
	ckpt_store_close(all.store);
	bench_joblib();
	snprintf(path, sizeof(path), "rm -rf %s", top);
	return system(path) ? EXIT_FAILURE : EXIT_SUCCESS;
}
