// SPDX-License-Identifier: GPL-2.0
/*
 * klp_test_kick - tasks that come out of the kernel only when they are asked to
 *
 * A test writes an operation to debugfs klp_test_kick/run and it runs in the
 * writing task, or, after "kthread ", in a new kernel thread on the last CPU,
 * whose pid reading the same open file gives.  Parameters count what happens;
 * "stop" ends all of it.
 */
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/objtool.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(klp_kick_wq);
static bool klp_kick_stop;

static int entered;
module_param(entered, int, 0444);
MODULE_PARM_DESC(entered, "how often an operation began");

static int woken;
module_param(woken, int, 0444);
MODULE_PARM_DESC(woken, "how often a sleeper was woken");

static int asked;
module_param(asked, int, 0444);
MODULE_PARM_DESC(asked, "how often a task was asked to come out");

static int stop_set(const char *val, const struct kernel_param *kp)
{
	bool stop;
	int ret = kstrtobool(val, &stop);

	if (ret)
		return ret;
	WRITE_ONCE(klp_kick_stop, stop);
	wake_up_all(&klp_kick_wq);
	return 0;
}

static const struct kernel_param_ops stop_ops = {
	.set = stop_set,
};
module_param_cb(stop, &stop_ops, NULL, 0200);
MODULE_PARM_DESC(stop, "let everybody go");

/*
 * Asleep, interruptibly.  The deaf do what they were woken for, and go to sleep
 * again, unless it is a real signal.
 */
static int klp_kick_sleep(bool deaf)
{
	DEFINE_WAIT(wait);
	int ret = 0;

	for (;;) {
		prepare_to_wait(&klp_kick_wq, &wait, TASK_INTERRUPTIBLE);
		if (READ_ONCE(klp_kick_stop))
			break;
		if (signal_pending(current)) {
			asked++;
			ret = -ERESTARTSYS;
			if (!deaf || task_sigpending(current))
				break;
			clear_notify_signal();
			continue;
		}
		schedule();
		woken++;
	}
	finish_wait(&klp_kick_wq, &wait);
	return ret;
}

/* Busy until told, but willing to let others run; as a vCPU thread, for example */
static int klp_kick_busy(unsigned int flag)
{
	while (!READ_ONCE(klp_kick_stop) && !signal_pending(current)) {
		current->flags |= flag;
		while (!need_resched() && !signal_pending(current) &&
		       !READ_ONCE(klp_kick_stop))
			cpu_relax();
		current->flags &= ~flag;
		if (need_resched())
			schedule();
	}
	if (READ_ONCE(klp_kick_stop))
		return 0;
	asked++;
	return -ERESTARTSYS;
}

/* ---- what klp_test_p_kick replaces ---- */

static noinline int klp_kick_nap(void)
{
	int ret = klp_kick_sleep(false);

	barrier();	/* not a tail call: the frame is the subject */
	return ret;
}

static noinline int klp_kick_deaf(void)
{
	int ret = klp_kick_sleep(true);

	barrier();
	return ret;
}

static noinline int klp_kick_spin(void)
{
	int ret = klp_kick_busy(0);

	barrier();
	return ret;
}

/* ---- what nobody replaces ---- */

static int klp_kick_guest(void)
{
	return klp_kick_busy(PF_VCPU);
}

static int klp_kick_host(void)
{
	return klp_kick_busy(0);
}

/* Objtool writes nothing down about it, so nobody can unwind it */
static noinline int klp_kick_unreadable(void)
{
	int ret = klp_kick_sleep(false);

	barrier();
	return ret;
}

STACK_FRAME_NON_STANDARD(klp_kick_unreadable);

/* Ends as soon as a transition would like it to move */
static int klp_kick_leave(void)
{
	while (!klp_patch_pending(current) && !READ_ONCE(klp_kick_stop)) {
		if (need_resched())
			schedule();
		cpu_relax();
	}
	return 0;
}

/* ---- files ---- */

static const struct klp_kick_op {
	const char *name;
	int (*run)(void);
} klp_kick_ops[] = {
	{ "nap", klp_kick_nap },
	{ "deaf", klp_kick_deaf },
	{ "spin", klp_kick_spin },
	{ "guest", klp_kick_guest },
	{ "host", klp_kick_host },
	{ "unreadable", klp_kick_unreadable },
	{ "leave", klp_kick_leave },
};

static int klp_kick_kthread(void *data)
{
	const struct klp_kick_op *op = data;

	entered++;
	op->run();
	__module_put_and_kthread_exit(THIS_MODULE, 0);
	return 0;
}

static int klp_kick_start_kthread(const struct klp_kick_op *op)
{
	struct task_struct *task;
	int pid;

	__module_get(THIS_MODULE);
	task = kthread_create(klp_kick_kthread, (void *)op, "klp_kick_%s",
			      op->name);
	if (IS_ERR(task)) {
		module_put(THIS_MODULE);
		return PTR_ERR(task);
	}
	kthread_bind(task, cpumask_last(cpu_online_mask));
	pid = task_pid_nr(task);
	wake_up_process(task);
	return pid;
}

static const struct klp_kick_op *klp_kick_find(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(klp_kick_ops); i++)
		if (sysfs_streq(name, klp_kick_ops[i].name))
			return &klp_kick_ops[i];
	return NULL;
}

static ssize_t klp_kick_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *ppos)
{
	const struct klp_kick_op *op;
	bool kthread;
	char text[32] = "";
	int ret;

	if (len >= sizeof(text) || copy_from_user(text, buf, len))
		return -EINVAL;
	kthread = str_has_prefix(text, "kthread ");
	op = klp_kick_find(kthread ? text + strlen("kthread ") : text);
	if (!op)
		return -EINVAL;
	if (!kthread)
		entered++;
	ret = kthread ? klp_kick_start_kthread(op) : op->run();
	file->private_data = (void *)(long)ret;
	*ppos = 0;
	return ret < 0 ? ret : len;
}

static ssize_t klp_kick_read(struct file *file, char __user *buf, size_t len,
			     loff_t *ppos)
{
	char text[16];
	int n;

	n = scnprintf(text, sizeof(text), "%ld\n", (long)file->private_data);
	return simple_read_from_buffer(buf, len, ppos, text, n);
}

static const struct file_operations klp_kick_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.write = klp_kick_write,
	.read = klp_kick_read,
};

static struct dentry *klp_kick_dir;

static int __init klp_test_kick_init(void)
{
	klp_kick_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("run", 0600, klp_kick_dir, NULL, &klp_kick_fops);
	return 0;
}

static void __exit klp_test_kick_exit(void)
{
	debugfs_remove(klp_kick_dir);
}

module_init(klp_test_kick_init);
module_exit(klp_test_kick_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: tasks that have to be asked");
