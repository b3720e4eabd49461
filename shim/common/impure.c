/* SPDX-License-Identifier: MIT */
#include "shim/common/impure.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct group {
	uint32_t classes;
	/* Names, each with a blank behind; '*' at the end of one stands for
	 * anything. Versions for large files (…64) and checked ones (__…_chk)
	 * are taken off before. */
	const char *names;
};

static const struct group groups[] = {
	{CKPT_IMPURE_READS_FILE,
	 "open openat fopen freopen fdopen fmemopen read pread readv preadv "
	 "fread fread_unlocked fgetc getc getchar getc_unlocked fgets fgetwc "
	 "getwc fgetws gets getline getdelim __getdelim ungetc fscanf scanf "
	 "vfscanf vscanf stat fstat lstat fstatat statx __xstat __fxstat "
	 "__lxstat __fxstatat access faccessat euidaccess opendir fdopendir "
	 "readdir readdir_r scandir ftw nftw fts_* glob readlink readlinkat "
	 "realpath canonicalize_file_name getcwd get_current_dir_name statfs "
	 "statvfs fstatfs fstatvfs inotify_* select poll ppoll epoll_* "
	 "getxattr lgetxattr fgetxattr _ZNSi* _ZStrs* _ZSt7getline* "
	 "_ZNSt13basic_filebuf* _ZNSt14basic_ifstream* "},
	{CKPT_IMPURE_WRITES_FILE,
	 "creat write pwrite writev pwritev fwrite fwrite_unlocked fputs fputc "
	 "putc fputwc putwc fputws fputs_unlocked fputc_unlocked fprintf "
	 "vfprintf fwprintf vfwprintf dprintf vdprintf fflush fclose fseek "
	 "fseeko fsetpos rewind lseek setvbuf setbuf truncate ftruncate "
	 "unlink unlinkat remove rename renameat mkdir mkdirat rmdir link "
	 "linkat symlink symlinkat chmod fchmod chown fchown lchown utime* "
	 "futimens mkstemp* mkostemp* mkdtemp mktemp tmpfile tmpnam tempnam "
	 "fsync fdatasync sync fallocate posix_fallocate mknod mkfifo "
	 "copy_file_range sendfile splice close dup dup2 dup3 pipe pipe2 fcntl "
	 "flock lockf syslog vsyslog openlog setxattr "
	 "_ZNSt14basic_ofstream* "},
	{CKPT_IMPURE_STDOUT,
	 "printf vprintf wprintf vwprintf puts putchar putchar_unlocked "
	 "putwchar perror psignal psiginfo warn warnx vwarn vwarnx err errx "
	 "verr verrx error error_at_line _ZNSo* _ZStls* "
	 "_ZSt16__ostream_insert* "
	 "_ZSt4endl* "},
	{CKPT_IMPURE_TERMINAL,
	 "tcgetattr tcsetattr tcflush isatty ttyname ttyname_r ioctl getpass "
	 "ctermid tgetent setupterm initscr "},
	{CKPT_IMPURE_CLOCK,
	 "time gettimeofday clock clock_gettime clock_getres times ftime "
	 "nanosleep clock_nanosleep usleep sleep timespec_get getrusage "
	 "getitimer timerfd_* _ZNSt6chrono* "},
	{CKPT_IMPURE_RAND,
	 "rand srand random srandom initstate setstate drand48 lrand48 mrand48 "
	 "srand48 seed48 lcong48 getrandom getentropy arc4random* "
	 "_ZNSt13random_device* "},
	{CKPT_IMPURE_ENVIRONMENT,
	 "getenv secure_getenv setenv unsetenv putenv clearenv "},
	{CKPT_IMPURE_LOCALE,
	 "setlocale uselocale bindtextdomain textdomain tzset "
	 "_ZNSt6locale6global* "},
	{CKPT_IMPURE_SIGNALS,
	 "signal sigaction sigprocmask pthread_sigmask kill raise killpg "
	 "pthread_kill sigqueue alarm setitimer sigsuspend sigwait* pause "
	 "sigaltstack signalfd timer_settime "},
	{CKPT_IMPURE_PROCESS,
	 "getpid getppid gettid getpgrp getsid fork vfork clone execl execle "
	 "execlp execv execve execvp execvpe fexecve system popen pclose "
	 "posix_spawn posix_spawnp wait waitpid wait3 wait4 waitid exit _exit "
	 "_Exit quick_exit atexit on_exit getuid geteuid getgid getegid "
	 "getgroups setuid setgid seteuid setegid chdir fchdir chroot umask "
	 "prctl nice getpriority setpriority getrlimit setrlimit prlimit "
	 "uname gethostname getdomainname getlogin getlogin_r getpwuid "
	 "getpwuid_r getpwnam getpwnam_r getgrgid getgrnam sysinfo getloadavg "
	 "pthread_self pthread_getspecific pthread_setspecific tss_get "
	 "tss_set thrd_current sched_getcpu getcpu gethostid "
	 "strtok getopt getopt_long getopt_long_only hcreate hsearch hdestroy "
	 "ptrace syscall sched_setaffinity pthread_exit pthread_setname_np "
	 "fesetround fesetenv feenableexcept fedisableexcept "},
	{CKPT_IMPURE_NETWORK,
	 "socket socketpair connect bind listen accept accept4 send sendto "
	 "sendmsg recv recvfrom recvmsg shutdown getsockopt setsockopt "
	 "getaddrinfo gethostbyname gethostbyaddr getnameinfo res_* "},
	{CKPT_IMPURE_MEMORY,
	 "mmap mremap munmap mprotect madvise mlock shm_open shm_unlink shmget "
	 "shmat sem_open brk sbrk "},
	{CKPT_IMPURE_LOADER,
	 "dlopen dlmopen dlsym dlvsym dlclose dladdr dladdr1 dlinfo "
	 "dl_iterate_phdr backtrace backtrace_symbols* "},
};

static bool is_listed(const char *names, const char *name, size_t size)
{
	while (*names) {
		size_t length = strcspn(names, " ");
		bool is_prefix = names[length - 1] == '*';
		size_t compared = is_prefix ? length - 1 : length;

		if ((is_prefix ? size >= compared : size == compared) &&
		    strncmp(names, name, compared) == 0)
			return true;
		names += length + 1;
	}
	return false;
}

static uint32_t find_classes(const char *name, size_t size)
{
	uint32_t classes = 0;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (is_listed(groups[i].names, name, size))
			classes |= groups[i].classes;
	return classes;
}

uint32_t ckpt_impure_classes(const char *symbol)
{
	size_t size = strlen(symbol);
	uint32_t classes = find_classes(symbol, size);

	if (classes)
		return classes;
	if (strncmp(symbol, "__isoc99_", 9) == 0)
		return find_classes(symbol + 9, size - 9);
	if (strncmp(symbol, "_IO_", 4) == 0)
		return find_classes(symbol + 4, size - 4);
	if (size > 6 && strncmp(symbol, "__", 2) == 0 &&
	    strcmp(symbol + size - 4, "_chk") == 0)
		return find_classes(symbol + 2, size - 6);
	if (size > 2 && strcmp(symbol + size - 2, "64") == 0)
		return find_classes(symbol, size - 2);
	return 0;
}
