/* SPDX-License-Identifier: MIT */
/* Other programs, and the signals that end this one. */
#define _GNU_SOURCE
#include "tools/mkimage/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/mkimage/complain.h"
#include "tools/mkimage/file.h"
#include "tools/mkimage/progress.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

static sigset_t held;
static int came;

/* What is ignored already, as SIGHUP is under nohup, goes on being ignored. */
void
hold_signals(void)
{
	struct sigaction old;

	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN); /* a write that fails is an error, not the end: */
	signal(SIGXFSZ, SIG_IGN); /* of a pipe, or at the limit of `ulimit -f` */
	sigemptyset(&held);
	sigaddset(&held, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(&held, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &held, NULL);
}

bool
signal_came(void)
{
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; came == 0 && i < ARRAY_SIZE(ending); i++) {
		if (sigismember(&pending, ending[i]))
			came = ending[i];
	}
	return came != 0;
}

void
die_of_signal(void)
{
	if (!signal_came())
		return;
	signal(came, SIG_DFL);
	raise(came);
	sigprocmask(SIG_UNBLOCK, &held, NULL);
}

bool
program_exists(const char *name)
{
	const char *path = getenv("PATH");
	char *folders = strdup(path != NULL ? path : "/usr/bin:/bin"), *rest = folders;
	const char *folder;
	bool found = false;

	while (!found && (folder = strsep(&rest, ":")) != NULL) {
		char *file = join_path(folder, name);

		found = access(file, X_OK) == 0;
		free(file);
	}
	free(folders);
	return found;
}

/* Its own process group, so that a signal reaches all that it starts; and no signal of ours held
 * back or ignored. */
static int
spawn(const char *const *argv, const char *folder, const char *log, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, ignored;
	int err;

	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	sigaddset(&ignored, SIGXFSZ);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &ignored);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addchdir_np(&files, folder);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	err = posix_spawnp(pid, argv[0], &files, &attributes, (char **)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return err;
}

/* Until it has ended, or a signal came, which ends it. Answers its status. */
static int
wait_for(pid_t pid, const char *made)
{
	static const struct timespec tick = {.tv_nsec = 100 * 1000 * 1000};
	struct stat st;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		int got = sigtimedwait(&held, NULL, &tick);

		if (stat(made, &st) == 0)
			progress_at((u64)st.st_size);
		if (got < 0 || got == SIGCHLD)
			continue;
		came = got;
		kill(-pid, SIGKILL);
	}
	return status;
}

bool
run_program(const char *const *argv, const char *folder, const char *log, const char *made)
{
	pid_t pid;
	int status;

	errno = spawn(argv, folder, log, &pid);
	if (errno != 0)
		return complain_file("run", argv[0]);
	status = wait_for(pid, made);
	return came == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
