// SPDX-License-Identifier: GPL-2.0
/*
 * The module that livepatch-shadow-fix1.c and livepatch-shadow-fix2.c mend; not
 * a live patch itself.
 *
 * Whoever opens /proc/livepatch-shadow has a session, until the file is closed.
 * Writing to the file is a guess at the number that the session thinks of.  Two
 * things are wrong, and each needs a field that struct session does not have:
 *
 * - session_new() makes a string and keeps the end of it only, so that
 *   session_free() does not know what to free;
 * - session_guess() lets one guess for ever.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

struct session {
	const char *name;
	int number;
};

/* Functions to be patched must exist as such. */
static noinline __noclone struct session *session_new(void)
{
	struct session *session;
	char *path;

	session = kzalloc(sizeof(*session), GFP_KERNEL);
	path = kasprintf(GFP_KERNEL, "session/%s", current->comm);
	if (!session || !path) {
		kfree(session);
		kfree(path);
		return NULL;
	}
	session->name = strchr(path, '/') + 1;
	session->number = 7;
	return session;
}

static noinline __noclone int session_guess(struct session *session, int guess)
{
	return guess == session->number ? 0 : -EINVAL;
}

static noinline __noclone void session_say_goodbye(struct session *session)
{
	pr_info("goodbye, %s\n", session->name);
}

static noinline __noclone void session_free(struct session *session)
{
	kfree(session);
}

static int session_open(struct inode *inode, struct file *file)
{
	file->private_data = session_new();
	return file->private_data ? 0 : -ENOMEM;
}

static ssize_t session_write(struct file *file, const char __user *text, size_t size, loff_t *pos)
{
	int guess, ret;

	ret = kstrtoint_from_user(text, size, 0, &guess);
	if (!ret)
		ret = session_guess(file->private_data, guess);
	return ret ? ret : size;
}

static int session_release(struct inode *inode, struct file *file)
{
	session_say_goodbye(file->private_data);
	session_free(file->private_data);
	return 0;
}

static const struct proc_ops session_ops = {
	.proc_open = session_open,
	.proc_write = session_write,
	.proc_release = session_release,
};

static int __init shadow_mod_init(void)
{
	return proc_create("livepatch-shadow", 0200, NULL, &session_ops) ? 0 : -ENOMEM;
}
module_init(shadow_mod_init);

static void __exit shadow_mod_exit(void)
{
	remove_proc_entry("livepatch-shadow", NULL);
}
module_exit(shadow_mod_exit);

MODULE_DESCRIPTION("Live patch sample: a module whose structure lacks two fields");
MODULE_LICENSE("GPL");
