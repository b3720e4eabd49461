/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_SYS_X86_64_H
#define CKPT_COMMON_SYS_X86_64_H

/*
 * Our own system calls: the kernel's interface (syscalls(2), psABI A.2.1) and
 * nothing between. Unlike libc's wrappers they leave errno alone, are no
 * cancellation points, cannot be intercepted (by us or by another preload),
 * and report an error as the negative errno: ≥ 0 is success. An interrupted
 * call returns -EINTR.
 *
 * Stateless; any thread, hot path, signal handlers, a vfork child. Structures
 * are the kernel's own; on x86-64 struct stat, struct pollfd and struct iovec
 * of libc are the same. A signal set is the kernel's 8 bytes (uint64_t), not
 * libc's 128.
 *
 * Every call goes through ckpt_syscall6(): the one place to close when a
 * process has confined itself.
 */

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

static inline long ckpt_syscall6(long number, long a, long b, long c, long d,
				 long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	/* The kernel destroys rcx and r11 and keeps all else. */
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long ckpt_syscall3(long number, long a, long b, long c)
{
	return ckpt_syscall6(number, a, b, c, 0, 0, 0);
}

static inline long ckpt_syscall4(long number, long a, long b, long c, long d)
{
	return ckpt_syscall6(number, a, b, c, d, 0, 0);
}

/* Of a call that returns an address: is it an error (then it is -errno)? */
static inline int ckpt_sys_is_error(const void *address)
{
	return (uintptr_t)address >= (uintptr_t)-4095;
}

/* ---- files ---- */

/* `flags` should have O_CLOEXEC; nothing is added. */
static inline int ckpt_sys_openat(int dir, const char *path, int flags,
				  unsigned mode)
{
	return (int)ckpt_syscall4(SYS_openat, dir, (long)path, flags,
				  (long)mode);
}

/* Never repeated: the descriptor is gone also after -EINTR. */
static inline int ckpt_sys_close(int fd)
{
	return (int)ckpt_syscall3(SYS_close, fd, 0, 0);
}

static inline long ckpt_sys_read(int fd, void *to, size_t size)
{
	return ckpt_syscall3(SYS_read, fd, (long)to, (long)size);
}

static inline long ckpt_sys_write(int fd, const void *from, size_t size)
{
	return ckpt_syscall3(SYS_write, fd, (long)from, (long)size);
}

static inline long ckpt_sys_pread(int fd, void *to, size_t size, off_t off)
{
	return ckpt_syscall4(SYS_pread64, fd, (long)to, (long)size, off);
}

static inline long ckpt_sys_pwrite(int fd, const void *from, size_t size,
				   off_t off)
{
	return ckpt_syscall4(SYS_pwrite64, fd, (long)from, (long)size, off);
}

static inline long ckpt_sys_preadv(int fd, const struct iovec *parts, int count,
				   off_t off)
{
	return ckpt_syscall6(SYS_preadv, fd, (long)parts, count, off, 0, 0);
}

static inline long ckpt_sys_pwritev(int fd, const struct iovec *parts,
				    int count, off_t off)
{
	return ckpt_syscall6(SYS_pwritev, fd, (long)parts, count, off, 0, 0);
}

static inline long ckpt_sys_lseek(int fd, off_t off, int whence)
{
	return ckpt_syscall3(SYS_lseek, fd, off, whence);
}

static inline int ckpt_sys_fstat(int fd, struct stat *ret)
{
	return (int)ckpt_syscall3(SYS_fstat, fd, (long)ret, 0);
}

static inline int ckpt_sys_fstatat(int dir, const char *path, struct stat *ret,
				   int flags)
{
	return (int)ckpt_syscall4(SYS_newfstatat, dir, (long)path, (long)ret,
				  flags);
}

static inline int ckpt_sys_fstatfs(int fd, struct statfs *ret)
{
	return (int)ckpt_syscall3(SYS_fstatfs, fd, (long)ret, 0);
}

static inline int ckpt_sys_faccessat(int dir, const char *path, int mode)
{
	return (int)ckpt_syscall3(SYS_faccessat, dir, (long)path, mode);
}

/* Not NUL-terminated; the number of bytes. */
static inline long ckpt_sys_readlinkat(int dir, const char *path, char *to,
				       size_t size)
{
	return ckpt_syscall4(SYS_readlinkat, dir, (long)path, (long)to,
			     (long)size);
}

static inline long ckpt_sys_getdents(int fd, void *to, size_t size)
{
	return ckpt_syscall3(SYS_getdents64, fd, (long)to, (long)size);
}

static inline int ckpt_sys_mkdirat(int dir, const char *path, unsigned mode)
{
	return (int)ckpt_syscall3(SYS_mkdirat, dir, (long)path, (long)mode);
}

static inline int ckpt_sys_unlinkat(int dir, const char *path, int flags)
{
	return (int)ckpt_syscall3(SYS_unlinkat, dir, (long)path, flags);
}

static inline int ckpt_sys_renameat(int old_dir, const char *old, int new_dir,
				    const char *path)
{
	return (int)ckpt_syscall4(SYS_renameat, old_dir, (long)old, new_dir,
				  (long)path);
}

static inline int ckpt_sys_linkat(int old_dir, const char *old, int new_dir,
				  const char *path, int flags)
{
	return (int)ckpt_syscall6(SYS_linkat, old_dir, (long)old, new_dir,
				  (long)path, flags, 0);
}

static inline int ckpt_sys_ftruncate(int fd, off_t size)
{
	return (int)ckpt_syscall3(SYS_ftruncate, fd, size, 0);
}

static inline int ckpt_sys_fallocate(int fd, int mode, off_t off, off_t size)
{
	return (int)ckpt_syscall4(SYS_fallocate, fd, mode, off, size);
}

static inline int ckpt_sys_fdatasync(int fd)
{
	return (int)ckpt_syscall3(SYS_fdatasync, fd, 0, 0);
}

static inline int ckpt_sys_fchmod(int fd, unsigned mode)
{
	return (int)ckpt_syscall3(SYS_fchmod, fd, (long)mode, 0);
}

static inline int ckpt_sys_utimensat(int dir, const char *path,
				     const struct timespec times[2], int flags)
{
	return (int)ckpt_syscall4(SYS_utimensat, dir, (long)path, (long)times,
				  flags);
}

static inline int ckpt_sys_fchmodat(int dir, const char *path, unsigned mode)
{
	return (int)ckpt_syscall3(SYS_fchmodat, dir, (long)path, (long)mode);
}

/* LOCK_SH, LOCK_EX, LOCK_UN of sys/file.h, | LOCK_NB. */
static inline int ckpt_sys_flock(int fd, int operation)
{
	return (int)ckpt_syscall3(SYS_flock, fd, operation, 0);
}

static inline long ckpt_sys_getcwd(char *to, size_t size)
{
	return ckpt_syscall3(SYS_getcwd, (long)to, (long)size, 0);
}

/* ---- descriptors ---- */

static inline int ckpt_sys_ioctl(int fd, unsigned long request, void *argument)
{
	return (int)ckpt_syscall3(SYS_ioctl, fd, (long)request, (long)argument);
}

static inline int ckpt_sys_fcntl(int fd, int command, long argument)
{
	return (int)ckpt_syscall3(SYS_fcntl, fd, command, argument);
}

/* Unlike dup3(2), `old` == `fd` is fine and clears close-on-exec. */
static inline int ckpt_sys_dup2(int old, int fd)
{
	if (old == fd)
		return ckpt_sys_fcntl(fd, F_SETFD, 0) < 0 ? -9 : fd;
	return (int)ckpt_syscall3(SYS_dup3, old, fd, 0);
}

/* -ENOSYS before Linux 5.9. */
static inline int ckpt_sys_close_range(unsigned first, unsigned last,
				       unsigned flags)
{
	return (int)ckpt_syscall3(SYS_close_range, first, last, flags);
}

static inline int ckpt_sys_pipe2(int ret[2], int flags)
{
	return (int)ckpt_syscall3(SYS_pipe2, (long)ret, flags, 0);
}

static inline int ckpt_sys_memfd_create(const char *name, unsigned flags)
{
	return (int)ckpt_syscall3(SYS_memfd_create, (long)name, flags, 0);
}

static inline int ckpt_sys_poll(struct pollfd *items, unsigned count,
				int timeout_ms)
{
	return (int)ckpt_syscall3(SYS_poll, (long)items, count, timeout_ms);
}

/* ---- memory ---- */

/* ckpt_sys_is_error() tells an error. */
static inline void *ckpt_sys_mmap(void *address, size_t size, int protection,
				  int flags, int fd, off_t off)
{
	return (void *)ckpt_syscall6(SYS_mmap, (long)address, (long)size,
				     protection, flags, fd, off);
}

static inline int ckpt_sys_munmap(void *address, size_t size)
{
	return (int)ckpt_syscall3(SYS_munmap, (long)address, (long)size, 0);
}

/* ckpt_sys_is_error() tells an error. */
static inline void *ckpt_sys_mremap(void *old, size_t old_size, size_t size,
				    int flags)
{
	return (void *)ckpt_syscall4(SYS_mremap, (long)old, (long)old_size,
				     (long)size, flags);
}

static inline int ckpt_sys_mprotect(void *address, size_t size, int protection)
{
	return (int)ckpt_syscall3(SYS_mprotect, (long)address, (long)size,
				  protection);
}

static inline int ckpt_sys_madvise(void *address, size_t size, int advice)
{
	return (int)ckpt_syscall3(SYS_madvise, (long)address, (long)size,
				  advice);
}

static inline int ckpt_sys_mincore(void *address, size_t size,
				   unsigned char *ret)
{
	return (int)ckpt_syscall3(SYS_mincore, (long)address, (long)size,
				  (long)ret);
}

/* ---- processes, threads, signals ---- */

static inline pid_t ckpt_sys_getpid(void)
{
	return (pid_t)ckpt_syscall3(SYS_getpid, 0, 0, 0);
}

static inline pid_t ckpt_sys_getppid(void)
{
	return (pid_t)ckpt_syscall3(SYS_getppid, 0, 0, 0);
}

static inline pid_t ckpt_sys_gettid(void)
{
	return (pid_t)ckpt_syscall3(SYS_gettid, 0, 0, 0);
}

static inline uid_t ckpt_sys_geteuid(void)
{
	return (uid_t)ckpt_syscall3(SYS_geteuid, 0, 0, 0);
}

static inline int ckpt_sys_execve(const char *path, char *const *arguments,
				  char *const *environment)
{
	return (int)ckpt_syscall3(SYS_execve, (long)path, (long)arguments,
				  (long)environment);
}

static inline pid_t ckpt_sys_wait4(pid_t pid, int *ret_status, int options)
{
	return (pid_t)ckpt_syscall4(SYS_wait4, pid, (long)ret_status, options,
				    0);
}

/* -ENOSYS before Linux 5.3. */
static inline int ckpt_sys_pidfd_open(pid_t pid)
{
	return (int)ckpt_syscall3(SYS_pidfd_open, pid, 0, 0);
}

static inline int ckpt_sys_kill(pid_t pid, int signal)
{
	return (int)ckpt_syscall3(SYS_kill, pid, signal, 0);
}

_Noreturn static inline void ckpt_sys_exit_group(int code)
{
	for (;;)
		(void)ckpt_syscall3(SYS_exit_group, code, 0, 0);
}

/* fork(2) without SIGCHLD at the child's end and without libc knowing: the
 * child has a copy of this thread only and may make system calls and nothing
 * else. Waited for with __WALL. (An exec would bring SIGCHLD back.) */
static inline pid_t ckpt_sys_fork(void)
{
	return (pid_t)ckpt_syscall6(SYS_clone, 0, 0, 0, 0, 0, 0);
}

/*
 * A child that runs `function`(`argument`) on the stack that ends at
 * `stack_top` and exits with its result; its pid, in the parent only. With
 * CLONE_VM | CLONE_VFORK the caller sleeps until the child execs or exits and
 * memory is shared, libc's thread-local data too: `function` may then make
 * system calls and nothing else. The low byte of `flags` is the signal the
 * parent gets at the child's end, 0 for none.
 */
static inline pid_t ckpt_sys_clone_call(unsigned long flags, void *stack_top,
					int (*function)(void *), void *argument)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	register int (*callee)(void *) __asm__("r12") = function;
	register void *value __asm__("r13") = argument;
	uintptr_t top = (uintptr_t)stack_top & ~(uintptr_t)15;
	long ret;

	/* rbp = 0 ends the child's frame chain (psABI 3.4.1). 231 is
	 * exit_group. */
	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "movq %%r13, %%rdi\n\t"
			 "callq *%%r12\n\t"
			 "movl %%eax, %%edi\n\t"
			 "movl $231, %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret)
			 : "a"((long)SYS_clone), "D"(flags), "S"(top), "d"(0L),
			   "r"(r10), "r"(r8), "r"(callee), "r"(value)
			 : "rcx", "r11", "memory");
	return (pid_t)ret;
}

static inline int ckpt_sys_sigprocmask(int how, const uint64_t *set,
				       uint64_t *ret_old)
{
	return (int)ckpt_syscall4(SYS_rt_sigprocmask, how, (long)set,
				  (long)ret_old, sizeof(uint64_t));
}

static inline int ckpt_sys_sigpending(uint64_t *ret)
{
	return (int)ckpt_syscall3(SYS_rt_sigpending, (long)ret,
				  sizeof(uint64_t), 0);
}

/* Take a pending signal of `set`; its number. */
static inline int ckpt_sys_sigtimedwait(const uint64_t *set,
					const struct timespec *timeout)
{
	return (int)ckpt_syscall4(SYS_rt_sigtimedwait, (long)set, 0,
				  (long)timeout, sizeof(uint64_t));
}

/* The kernel's struct sigaction. */
struct ckpt_sys_sigaction {
	void (*handler)(int); /* SIG_DFL, SIG_IGN */
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static inline int ckpt_sys_sigaction(int signal,
				     const struct ckpt_sys_sigaction *action,
				     struct ckpt_sys_sigaction *ret_old)
{
	return (int)ckpt_syscall4(SYS_rt_sigaction, signal, (long)action,
				  (long)ret_old, sizeof(uint64_t));
}

static inline int ckpt_sys_prctl(int option, unsigned long a, unsigned long b)
{
	return (int)ckpt_syscall6(SYS_prctl, option, (long)a, (long)b, 0, 0, 0);
}

/* Not prlimit64(2), which takes more than twice as long: it can ask about any
 * process. */
static inline int ckpt_sys_getrlimit(int resource, struct rlimit *ret)
{
	return (int)ckpt_syscall3(SYS_getrlimit, resource, (long)ret, 0);
}

/* Bytes written to `mask`: what the kernel's set needs. */
static inline long ckpt_sys_sched_getaffinity(pid_t tid, void *mask,
					      size_t size)
{
	return ckpt_syscall3(SYS_sched_getaffinity, tid, (long)size,
			     (long)mask);
}

static inline int ckpt_sys_nanosleep(const struct timespec *time)
{
	return (int)ckpt_syscall3(SYS_nanosleep, (long)time, 0, 0);
}

/* Flags of getrandom(2); may give less than asked for. */
static inline long ckpt_sys_getrandom(void *to, size_t size, unsigned flags)
{
	return ckpt_syscall3(SYS_getrandom, (long)to, (long)size, flags);
}

#endif
