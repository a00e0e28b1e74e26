// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow variables: what their users may rely on.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/smp.h>

#define ID	0x5aad0		/* where one id is enough */
#define OTHER	0x5aad1

static int calls;		/* of the constructors and destructors that count */

static int count_ctor(void *obj, void *data, void *ctor_data)
{
	calls++;
	return 0;
}

static void count_dtor(void *obj, void *data)
{
	calls++;
}

/* --- the key -------------------------------------------------------------- */

static const struct {
	void *obj;
	unsigned long id;
} keys[] = {
	{ NULL,			0 },
	{ NULL,			1 },
	{ NULL,			ULONG_MAX },
	{ (void *)1,		0 },
	{ (void *)1,		1 },
	{ (void *)8,		1 },
	{ (void *)ULONG_MAX,	0 },
	{ (void *)ULONG_MAX,	ULONG_MAX },
	{ &calls,		(unsigned long)&calls },
	{ &calls,		(unsigned long)&calls + 1 },
};

static void each_pair_of_object_and_id_is_a_variable(struct kunit *test)
{
	unsigned long *data[ARRAY_SIZE(keys)];
	int i, freed;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		KUNIT_EXPECT_NULL(test, klp_shadow_get(keys[i].obj, keys[i].id));
		data[i] = klp_shadow_alloc(keys[i].obj, keys[i].id, sizeof(*data[i]), GFP_KERNEL,
					   NULL, NULL);
		KUNIT_ASSERT_NOT_NULL(test, data[i]);
		*data[i] = i;
	}
	for (freed = 0; freed <= ARRAY_SIZE(keys); freed++) {
		for (i = 0; i < ARRAY_SIZE(keys); i++)
			KUNIT_EXPECT_PTR_EQ_MSG(test, klp_shadow_get(keys[i].obj, keys[i].id),
						i < freed ? NULL : (void *)data[i],
						"%d with %d freed", i, freed);
		if (freed < ARRAY_SIZE(keys)) {
			KUNIT_EXPECT_EQ(test, *data[freed], freed);
			klp_shadow_free(keys[freed].obj, keys[freed].id, NULL);
		}
	}
}

/* --- the data ------------------------------------------------------------- */

static void new_data_is_zero_and_aligned(struct kunit *test)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 24, 100, 4096, 100000 };
	int i, round;
	char *data;

	/* The second round gets memory that the first has used. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			data = klp_shadow_alloc(test, ID, sizes[i], GFP_KERNEL, NULL, NULL);
			KUNIT_ASSERT_NOT_NULL(test, data);
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)data, 8));
			KUNIT_EXPECT_NULL(test, memchr_inv(data, 0, sizes[i]));
			memset(data, 0xa5, sizes[i]);
			klp_shadow_free(test, ID, NULL);
		}
		synchronize_rcu();
	}
}

static void impossible_size_is_refused(struct kunit *test)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 7, SIZE_MAX - 39, SIZE_MAX / 2 };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_NULL(test, klp_shadow_alloc(test, ID, sizes[i],
							 GFP_KERNEL | __GFP_NOWARN, NULL, NULL));
		KUNIT_EXPECT_NULL(test, klp_shadow_get(test, ID));
	}
}

static void get_or_alloc_returns_what_is_there(struct kunit *test)
{
	void *data;

	calls = 0;
	data = klp_shadow_get_or_alloc(test, ID, 8, GFP_KERNEL, count_ctor, NULL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_EXPECT_EQ(test, calls, 1);
	KUNIT_EXPECT_PTR_EQ(test, data, klp_shadow_get(test, ID));

	/* Neither its size nor memory for another one matters. */
	KUNIT_EXPECT_PTR_EQ(test, data, klp_shadow_get_or_alloc(test, ID, SIZE_MAX, GFP_KERNEL,
								count_ctor, NULL));
	KUNIT_EXPECT_EQ(test, calls, 1);
	klp_shadow_free(test, ID, NULL);
}

/* --- constructors and destructors ----------------------------------------- */

/* What a constructor and a destructor saw.  The witness is its own object. */
struct witness {
	int ret;
	int calls;
	bool other_obj;
	bool used_data;
	bool visible;
	bool interruptible;
};

static void witness_look(struct witness *w, void *obj)
{
	w->calls++;
	w->other_obj |= obj != w;
	w->visible |= !!klp_shadow_get(w, ID);
	w->interruptible |= !IS_ENABLED(CONFIG_PREEMPT_RT) && !irqs_disabled();
}

static int witness_ctor(void *obj, void *data, void *ctor_data)
{
	struct witness *w = ctor_data, **mine = data;

	w->used_data |= !!*mine;
	*mine = w;
	witness_look(w, obj);
	return w->ret;
}

static void witness_dtor(void *obj, void *data)
{
	struct witness **mine = data;

	witness_look(*mine, obj);
}

static void *witness_alloc(struct witness *w)
{
	return klp_shadow_alloc(w, ID, sizeof(w), GFP_KERNEL, witness_ctor, w);
}

static void witness_expect(struct kunit *test, struct witness *w, int calls)
{
	KUNIT_EXPECT_EQ(test, w->calls, calls);
	KUNIT_EXPECT_FALSE(test, w->other_obj);
	KUNIT_EXPECT_FALSE(test, w->used_data);
	KUNIT_EXPECT_FALSE(test, w->visible);
	KUNIT_EXPECT_FALSE(test, w->interruptible);
}

static void ctor_runs_once_before_anybody_can_see_the_variable(struct kunit *test)
{
	struct witness w = {};

	KUNIT_EXPECT_NOT_NULL(test, witness_alloc(&w));
	witness_expect(test, &w, 1);
	KUNIT_EXPECT_NOT_NULL(test, klp_shadow_get(&w, ID));
	klp_shadow_free(&w, ID, NULL);
}

static void dtor_runs_once_when_nobody_can_see_the_variable(struct kunit *test)
{
	struct witness w = {};

	KUNIT_ASSERT_NOT_NULL(test, witness_alloc(&w));
	klp_shadow_free(&w, ID, witness_dtor);
	witness_expect(test, &w, 2);

	KUNIT_ASSERT_NOT_NULL(test, witness_alloc(&w));
	klp_shadow_free_all(ID, witness_dtor);
	witness_expect(test, &w, 4);
	KUNIT_EXPECT_NULL(test, klp_shadow_get(&w, ID));
}

static void refused_variable_leaves_nothing(struct kunit *test)
{
	static const int rets[] = { -EINVAL, -EEXIST, 1, INT_MIN };
	struct witness w = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(rets); i++) {
		w.ret = rets[i];
		KUNIT_EXPECT_NULL(test, witness_alloc(&w));
		KUNIT_EXPECT_NULL(test, klp_shadow_get_or_alloc(&w, ID, sizeof(struct witness *),
								GFP_KERNEL, witness_ctor, &w));
		KUNIT_EXPECT_NULL(test, klp_shadow_get(&w, ID));
	}
	klp_shadow_free_all(ID, witness_dtor);
	witness_expect(test, &w, 2 * ARRAY_SIZE(rets));
}

/* --- freeing --------------------------------------------------------------- */

static void freeing_what_is_not_there_does_nothing(struct kunit *test)
{
	calls = 0;
	klp_shadow_free(test, ID, count_dtor);
	klp_shadow_free(test, 0x0dd1d, count_dtor);
	klp_shadow_free_all(ID, count_dtor);
	klp_shadow_free_all(0x0dd1d, count_dtor);
	KUNIT_EXPECT_EQ(test, calls, 0);
}

static void free_all_takes_one_id_only(struct kunit *test)
{
	char objs[10];
	int i;

	for (i = 0; i < ARRAY_SIZE(objs); i++) {
		klp_shadow_alloc(&objs[i], ID, 8, GFP_KERNEL, NULL, NULL);
		klp_shadow_alloc(&objs[i], OTHER, 8, GFP_KERNEL, NULL, NULL);
	}

	calls = 0;
	klp_shadow_free_all(ID, count_dtor);
	KUNIT_EXPECT_EQ(test, calls, ARRAY_SIZE(objs));
	for (i = 0; i < ARRAY_SIZE(objs); i++) {
		KUNIT_EXPECT_NULL(test, klp_shadow_get(&objs[i], ID));
		KUNIT_EXPECT_NOT_NULL(test, klp_shadow_get(&objs[i], OTHER));
	}
	klp_shadow_free_all(OTHER, NULL);
	for (i = 0; i < ARRAY_SIZE(objs); i++)
		KUNIT_EXPECT_NULL(test, klp_shadow_get(&objs[i], OTHER));
}

static void memory_stays_for_a_grace_period(struct kunit *test)
{
	void *reuse[32];
	u64 *data;
	int i;

	data = klp_shadow_alloc(test, ID, 80, GFP_KERNEL, NULL, NULL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	memset64(data, 0x1122334455667788, 10);

	rcu_read_lock();
	klp_shadow_free(test, ID, NULL);
	for (i = 0; i < ARRAY_SIZE(reuse); i++) {
		reuse[i] = kmalloc(120, GFP_ATOMIC);
		if (reuse[i])
			memset(reuse[i], 0xa5, 120);
	}
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, data[i], 0x1122334455667788);
	rcu_read_unlock();

	for (i = 0; i < ARRAY_SIZE(reuse); i++)
		kfree(reuse[i]);
}

/* --- many variables: tables come and go ------------------------------------ */

#define MANY	1000		/* enough for a third table */

/* Addresses of all alignments, none included. */
static void *many_obj(int i)
{
	return (void *)(i * PAGE_SIZE + (1 << (i % PAGE_SHIFT)));
}

static int many_ctor(void *obj, void *data, void *ctor_data)
{
	*(void **)data = obj;
	return 0;
}

static void many_dtor(void *obj, void *data)
{
	calls += obj == *(void **)data ? 1 : MANY;
}

static int many_found(void)
{
	int i, found = 0;
	void **data;

	for (i = 0; i < MANY; i++) {
		data = klp_shadow_get(many_obj(i), ID);
		found += data && *data == many_obj(i);
	}
	return found;
}

static void many_variables_are_all_found(struct kunit *test)
{
	int i, round, added;

	for (round = 0; round < 2; round++) {
		for (i = added = 0; i < MANY; i++)
			added += !!klp_shadow_get_or_alloc(many_obj(i), ID, sizeof(void *),
							   round ? GFP_ATOMIC : GFP_KERNEL,
							   many_ctor, NULL);
		KUNIT_EXPECT_EQ(test, added, MANY);
		KUNIT_EXPECT_EQ(test, many_found(), MANY);

		calls = 0;
		for (i = 0; i < MANY; i += 2)
			klp_shadow_free(many_obj(i), ID, many_dtor);
		KUNIT_EXPECT_EQ(test, calls, MANY / 2);
		KUNIT_EXPECT_EQ(test, many_found(), MANY / 2);

		klp_shadow_free_all(ID, many_dtor);
		KUNIT_EXPECT_EQ(test, calls, MANY);
		KUNIT_EXPECT_EQ(test, many_found(), 0);
	}
}

static void many_ids_do_not_mix(struct kunit *test)
{
	unsigned long i, found = 0;
	int **data;

	for (i = 0; i < 300; i++) {
		data = klp_shadow_alloc(test, i * i * 77, sizeof(*data), GFP_KERNEL, NULL, NULL);
		KUNIT_ASSERT_NOT_NULL(test, data);
		*data = &calls + i;
	}
	for (i = 0; i < 300; i++) {
		data = klp_shadow_get(test, i * i * 77);
		found += data && *data == &calls + i;
		klp_shadow_free_all(i * i * 77, NULL);
	}
	KUNIT_EXPECT_EQ(test, found, 300);
}

/* --- contexts --------------------------------------------------------------- */

struct in_irq {
	struct irq_work work;
	void *got;
	void *left;
};

static void in_irq_work(struct irq_work *work)
{
	struct in_irq *in = container_of(work, struct in_irq, work);

	klp_shadow_get_or_alloc(in, ID, 8, GFP_ATOMIC, count_ctor, NULL);
	in->got = klp_shadow_get(in, ID);
	klp_shadow_free(in, ID, count_dtor);
	klp_shadow_get_or_alloc(&in->got, ID, 8, GFP_ATOMIC, count_ctor, NULL);
	klp_shadow_free_all(ID, count_dtor);
	in->left = klp_shadow_get(&in->got, ID);
}

static void all_calls_work_in_a_hard_interrupt(struct kunit *test)
{
	struct in_irq in = { .work = IRQ_WORK_INIT_HARD(in_irq_work) };

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "allocating there is not allowed with PREEMPT_RT");

	calls = 0;
	irq_work_queue(&in.work);
	irq_work_sync(&in.work);
	KUNIT_EXPECT_EQ(test, calls, 4);
	KUNIT_EXPECT_NOT_NULL(test, in.got);
	KUNIT_EXPECT_NULL(test, in.left);
}

static void interrupts_stay_off_where_they_were(struct kunit *test)
{
	unsigned long flags;
	bool off = true;
	int i;

	local_irq_save(flags);
	for (i = 0; i < 100; i++) {
		klp_shadow_get_or_alloc((char *)test + i, OTHER + i, 8, GFP_ATOMIC, NULL, NULL);
		off &= irqs_disabled();
	}
	for (i = 0; i < 100; i++) {
		klp_shadow_free((char *)test + i, OTHER + i, NULL);
		klp_shadow_free_all(OTHER + i, NULL);
		off &= irqs_disabled();
	}
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, off);
}

/* --- races ------------------------------------------------------------------ */

#define RACERS	4		/* at most, and one per CPU, but two on one CPU */
#define KEYS	200

struct race {
	int racers;
	atomic_t gate[KEYS];		/* racers at this key; they start together */
	atomic_t live[KEYS];		/* variables of this key that exist */
	atomic_t inside;		/* a constructor or destructor */
	atomic_t ctors, dtors, errors;
	unsigned long until;
	void *got[RACERS][KEYS];
};

struct racer {
	struct race *race;
	struct completion done;
	int nr;
};

/* The pauses let other CPUs in, under emulation literally. */
static void race_linger(void)
{
	int i;

	for (i = 0; i < 5; i++)
		cpu_relax();
}

static int race_ctor(void *obj, void *data, void *ctor_data)
{
	struct race *race = ctor_data;
	atomic_t *live = obj;

	if (atomic_inc_return(&race->inside) != 1)
		atomic_inc(&race->errors);
	atomic_inc(&race->ctors);
	race_linger();
	if (atomic_inc_return(live) != 1)
		atomic_inc(&race->errors);
	*(struct race **)data = race;
	atomic_dec(&race->inside);
	return 0;
}

static void race_dtor(void *obj, void *data)
{
	struct race *race = *(struct race **)data;
	atomic_t *live = obj;

	if (atomic_inc_return(&race->inside) != 1)
		atomic_inc(&race->errors);
	atomic_inc(&race->dtors);
	race_linger();
	if (atomic_dec_return(live) != 0)
		atomic_inc(&race->errors);
	atomic_dec(&race->inside);
}

/* For its time, and where that was too short to get anywhere, for more. */
static bool race_goes_on(struct race *race)
{
	return time_before(jiffies, race->until) ||
	       (atomic_read(&race->ctors) <= KEYS &&
		time_before(jiffies, race->until + 20 * HZ));
}

static struct race *race_run(struct kunit *test, int (*run)(void *))
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct task_struct *tasks[RACERS];
	struct racer racers[RACERS];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->racers = clamp(num_online_cpus(), 2, RACERS);
	race->until = jiffies + HZ / 4;
	for (i = 0; i < race->racers; i++) {
		racers[i].race = race;
		racers[i].nr = i;
		init_completion(&racers[i].done);
		tasks[i] = kthread_create(run, &racers[i], "shadow-race-%d", i);
		if (IS_ERR(tasks[i]))
			break;
	}
	if (i < race->racers) {
		while (i--)
			kthread_stop(tasks[i]);
		KUNIT_FAIL_AND_ABORT(test, "cannot make kthreads");
	}
	for (i = 0; i < race->racers; i++)
		wake_up_process(tasks[i]);
	for (i = 0; i < race->racers; i++)
		wait_for_completion(&racers[i].done);
	return race;
}

/* At first every key has an id of its own, and a set to be made by the same race. */
static unsigned long race_id(int i)
{
	return OTHER + i % 50;
}

static int race_to_add(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;
	int i;

	for (i = 0; i < KEYS; i++) {
		atomic_inc(&race->gate[i]);
		while (atomic_read(&race->gate[i]) < race->racers) {
			cpu_relax();
			cond_resched();
		}
		race->got[racer->nr][i] = klp_shadow_get_or_alloc(&race->live[i], race_id(i),
								  sizeof(race), GFP_KERNEL,
								  race_ctor, race);
	}
	complete(&racer->done);
	return 0;
}

static void racing_get_or_alloc_constructs_once(struct kunit *test)
{
	struct race *race = race_run(test, race_to_add);
	int i, nr, same = 0;

	KUNIT_EXPECT_EQ(test, atomic_read(&race->ctors), KEYS);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->errors), 0);
	for (i = 0; i < KEYS; i++) {
		for (nr = 0; nr < race->racers; nr++)
			same += race->got[nr][i] &&
				race->got[nr][i] == klp_shadow_get(&race->live[i], race_id(i));
	}
	KUNIT_EXPECT_EQ(test, same, KEYS * race->racers);

	for (i = 0; i < KEYS; i++)
		klp_shadow_free_all(race_id(i), race_dtor);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->dtors), KEYS);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->errors), 0);
}

/* All sorts of calls on a few keys; what was constructed is destroyed once. */
static int race_anyhow(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;
	struct rnd_state rnd;
	atomic_t *live;
	u32 dice;

	prandom_seed_state(&rnd, racer->nr + 1);
	while (race_goes_on(race)) {
		dice = prandom_u32_state(&rnd);
		live = &race->live[(dice >> 8) % KEYS];
		if (dice % 1024 == 0)
			klp_shadow_free_all(ID, race_dtor);
		else if (dice % 4 == 0)
			klp_shadow_free(live, ID, race_dtor);
		else if (dice % 4 == 1)
			klp_shadow_get(live, ID);
		else if (!klp_shadow_get_or_alloc(live, ID, sizeof(race), GFP_KERNEL,
						  race_ctor, race))
			atomic_inc(&race->errors);
		if (dice % 256 == 1)
			cond_resched();
	}
	complete(&racer->done);
	return 0;
}

static void what_is_constructed_is_destroyed_once(struct kunit *test)
{
	struct race *race = race_run(test, race_anyhow);

	klp_shadow_free_all(ID, race_dtor);
	KUNIT_EXPECT_GT(test, atomic_read(&race->ctors), KEYS);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->ctors), atomic_read(&race->dtors));
	KUNIT_EXPECT_EQ(test, atomic_read(&race->errors), 0);
}

/* Others come and go, one stays: it is found at any moment. */
static int race_around_one(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;
	atomic_t *mine = &race->live[racer->nr];
	int i;

	klp_shadow_alloc(mine, ID, sizeof(race), GFP_KERNEL, race_ctor, race);
	while (race_goes_on(race)) {
		for (i = RACERS + racer->nr; i < KEYS; i += RACERS) {
			klp_shadow_alloc(&race->live[i], ID, sizeof(race), GFP_KERNEL,
					 race_ctor, race);
			if (!klp_shadow_get(mine, ID))
				atomic_inc(&race->errors);
		}
		for (i = RACERS + racer->nr; i < KEYS; i += RACERS) {
			klp_shadow_free(&race->live[i], ID, race_dtor);
			if (!klp_shadow_get(mine, ID))
				atomic_inc(&race->errors);
		}
		cond_resched();
	}
	klp_shadow_free(mine, ID, race_dtor);
	if (klp_shadow_get(mine, ID))
		atomic_inc(&race->errors);
	complete(&racer->done);
	return 0;
}

static void a_variable_is_found_while_others_come_and_go(struct kunit *test)
{
	struct race *race = race_run(test, race_around_one);

	KUNIT_EXPECT_GT(test, atomic_read(&race->ctors), KEYS);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->ctors), atomic_read(&race->dtors));
	KUNIT_EXPECT_EQ(test, atomic_read(&race->errors), 0);
}

/* ---------------------------------------------------------------------------- */

/* A failed case must not make the next ones fail. */
static void shadow_exit(struct kunit *test)
{
	int i;

	klp_shadow_free_all(ID, NULL);
	klp_shadow_free_all(OTHER, NULL);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		klp_shadow_free(keys[i].obj, keys[i].id, NULL);
}

static struct kunit_case shadow_cases[] = {
	KUNIT_CASE(each_pair_of_object_and_id_is_a_variable),
	KUNIT_CASE(new_data_is_zero_and_aligned),
	KUNIT_CASE(impossible_size_is_refused),
	KUNIT_CASE(get_or_alloc_returns_what_is_there),
	KUNIT_CASE(ctor_runs_once_before_anybody_can_see_the_variable),
	KUNIT_CASE(dtor_runs_once_when_nobody_can_see_the_variable),
	KUNIT_CASE(refused_variable_leaves_nothing),
	KUNIT_CASE(freeing_what_is_not_there_does_nothing),
	KUNIT_CASE(free_all_takes_one_id_only),
	KUNIT_CASE(memory_stays_for_a_grace_period),
	KUNIT_CASE(many_variables_are_all_found),
	KUNIT_CASE(many_ids_do_not_mix),
	KUNIT_CASE(all_calls_work_in_a_hard_interrupt),
	KUNIT_CASE(interrupts_stay_off_where_they_were),
	KUNIT_CASE(racing_get_or_alloc_constructs_once),
	KUNIT_CASE(what_is_constructed_is_destroyed_once),
	KUNIT_CASE(a_variable_is_found_while_others_come_and_go),
	{}
};

static struct kunit_suite shadow_suite = {
	.name = "livepatch_shadow",
	.exit = shadow_exit,
	.test_cases = shadow_cases,
};

kunit_test_suite(shadow_suite);
