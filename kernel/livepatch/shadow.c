// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow variables: data that a patch adds to objects which already exist.
 */

/**
 * DOC: Shadow variables
 *
 * A patch cannot give a structure a new member, because objects of the old
 * layout are alive when the patch arrives.  It can keep the new member beside
 * the object instead: a *shadow variable*, found by the address of the object
 * and an id that says which of the object's new members it is.  The address is
 * only a number here and never dereferenced.  Variables belong to nobody but
 * their users: they outlive patches, and go when somebody frees them.
 *
 * All variables with one id form a *set*, with a lock and hash tables of its
 * own.  Ids have nothing in common, so neither do the patches that use them:
 *
 * - A set appears with the first variable and then stays, empty or not.  Ids
 *   are few, and whoever has found a set may use it without holding anything.
 * - A set grows by putting a larger table in front of those it has.  A variable
 *   stays in the table that took it in, so nothing ever moves under a reader,
 *   and growing costs one allocation whatever the number of variables.  The
 *   larger tables go when the last variable does.
 * - Variables and tables are freed after a grace period.  Readers need nothing
 *   but RCU, and may run in any context where RCU is watching.
 * - A set's lock is held, with interrupts off, for one variable or, when all of
 *   them are freed, for the few that some buckets hold.
 *
 * Constructors and destructors run under the lock of the set.  Those of one id
 * therefore exclude each other, and to free what another CPU is just freeing is
 * to wait for its destructor.  They may look up any variable, but must not
 * allocate or free one.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/livepatch.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define KLP_SHADOW_FIRST_BITS	6	/* buckets of the first table: 64, half a kilobyte */
#define KLP_SHADOW_GROW_BITS	3	/* each table has eight times as many as the one before */
#define KLP_SHADOW_FREE_BATCH	16	/* buckets that are emptied in one go */

/* What we allocate for ourselves follows the caller only in how it may wait. */
#define KLP_SHADOW_GFP(gfp)	(((gfp) & (GFP_KERNEL | GFP_ATOMIC)) | __GFP_NOWARN)

struct klp_shadow {
	struct hlist_node node;
	struct rcu_head rcu;
	void *obj;
	char data[] __aligned(8);
};

struct klp_shadow_table {
	struct klp_shadow_table *older;
	struct rcu_head rcu;
	unsigned int bits;		/* logarithm of the number of buckets */
	struct hlist_head bucket[];
};

struct klp_shadow_set {
	/* What readers read... */
	struct hlist_node node;
	unsigned long id;
	struct klp_shadow_table __rcu *table;	/* the newest; takes new variables */

	/* ...and what every change writes, in a cache line of its own */
	spinlock_t lock ____cacheline_aligned_in_smp;	/* held for any change */
	unsigned long count;		/* of variables */
	unsigned long grow_at;		/* the count that asks for a larger table */
};

/* The sets by id.  They are only ever added. */
static DEFINE_HASHTABLE(klp_shadow_sets, 6);
static DEFINE_SPINLOCK(klp_shadow_sets_lock);

static struct klp_shadow_table *klp_shadow_table_alloc(unsigned int bits, gfp_t gfp)
{
	struct klp_shadow_table *table;

	table = kvzalloc(struct_size(table, bucket, 1UL << bits), KLP_SHADOW_GFP(gfp));
	if (table)
		table->bits = bits;
	return table;
}

static struct hlist_head *klp_shadow_bucket(struct klp_shadow_table *table, void *obj)
{
	return &table->bucket[hash_ptr(obj, table->bits)];
}

static struct klp_shadow_table *klp_shadow_newest(struct klp_shadow_set *set)
{
	return rcu_dereference_check(set->table, lockdep_is_held(&set->lock));
}

/* New variables go to @table from now on. */
static void klp_shadow_set_use(struct klp_shadow_set *set, struct klp_shadow_table *table)
{
	WRITE_ONCE(set->grow_at, 1UL << table->bits);
	rcu_assign_pointer(set->table, table);
}

static struct klp_shadow_set *klp_shadow_set_alloc(unsigned long id, gfp_t gfp)
{
	struct klp_shadow_set *set = kzalloc(sizeof(*set), KLP_SHADOW_GFP(gfp));
	struct klp_shadow_table *table = klp_shadow_table_alloc(KLP_SHADOW_FIRST_BITS, gfp);

	if (!set || !table) {
		kfree(set);
		kvfree(table);
		return NULL;
	}

	set->id = id;
	spin_lock_init(&set->lock);
	klp_shadow_set_use(set, table);
	return set;
}

/* Only for a set that nobody else has seen. */
static void klp_shadow_set_free(struct klp_shadow_set *set)
{
	kvfree(rcu_access_pointer(set->table));
	kfree(set);
}

static struct klp_shadow_set *klp_shadow_set_find(unsigned long id)
{
	struct klp_shadow_set *set;

	hash_for_each_possible_rcu(klp_shadow_sets, set, node, id, true) {
		if (set->id == id)
			return set;
	}
	return NULL;
}

static struct klp_shadow_set *klp_shadow_set_get(unsigned long id, gfp_t gfp)
{
	struct klp_shadow_set *set = klp_shadow_set_find(id), *new;
	unsigned long flags;

	if (set)
		return set;

	new = klp_shadow_set_alloc(id, gfp);
	if (!new)
		return NULL;

	spin_lock_irqsave(&klp_shadow_sets_lock, flags);
	set = klp_shadow_set_find(id);
	if (!set)
		hash_add_rcu(klp_shadow_sets, &new->node, id);
	spin_unlock_irqrestore(&klp_shadow_sets_lock, flags);
	if (!set)
		return new;

	klp_shadow_set_free(new);
	return set;
}

/*
 * Growing is only a matter of speed.  Without the memory for it the chains get
 * longer, and the next attempt waits until they have got longer by one more.
 */
static void klp_shadow_set_grow(struct klp_shadow_set *set, gfp_t gfp)
{
	struct klp_shadow_table *table, *newest;
	unsigned long flags;
	unsigned int bits;

	if (READ_ONCE(set->count) < READ_ONCE(set->grow_at))
		return;

	scoped_guard(rcu)
		bits = klp_shadow_newest(set)->bits;
	table = klp_shadow_table_alloc(bits + KLP_SHADOW_GROW_BITS, gfp);

	spin_lock_irqsave(&set->lock, flags);
	newest = klp_shadow_newest(set);
	if (newest->bits == bits && table) {
		table->older = newest;
		klp_shadow_set_use(set, table);
		table = NULL;
	} else if (newest->bits == bits) {
		WRITE_ONCE(set->grow_at, set->count + (1UL << bits));
	}
	spin_unlock_irqrestore(&set->lock, flags);

	kvfree(table);	/* another CPU was faster */
}

/* All tables but the first go.  They are empty, but may still have readers. */
static void klp_shadow_set_shrink(struct klp_shadow_set *set)
{
	struct klp_shadow_table *table;

	lockdep_assert_held(&set->lock);

	while ((table = klp_shadow_newest(set))->older) {
		klp_shadow_set_use(set, table->older);
		kvfree_rcu(table, rcu);
	}
}

/* Called with the lock of the set, or under RCU. */
static struct klp_shadow *klp_shadow_find(struct klp_shadow_set *set, void *obj)
{
	struct klp_shadow_table *table;
	struct klp_shadow *var;

	for (table = klp_shadow_newest(set); table; table = table->older) {
		hlist_for_each_entry_rcu(var, klp_shadow_bucket(table, obj), node,
					 lockdep_is_held(&set->lock)) {
			if (var->obj == obj)
				return var;
		}
	}
	return NULL;
}

/* Runs the constructor and makes @new visible if that is content. */
static int klp_shadow_construct(struct klp_shadow_set *set, struct klp_shadow *new,
				klp_shadow_ctor_t ctor, void *ctor_data)
{
	int err;

	lockdep_assert_held(&set->lock);

	err = ctor ? ctor(new->obj, new->data, ctor_data) : 0;
	if (!err) {
		hlist_add_head_rcu(&new->node,
				   klp_shadow_bucket(klp_shadow_newest(set), new->obj));
		WRITE_ONCE(set->count, set->count + 1);
	}
	return err;
}

static void klp_shadow_remove(struct klp_shadow_set *set, struct klp_shadow *var,
			      klp_shadow_dtor_t dtor)
{
	lockdep_assert_held(&set->lock);

	hlist_del_rcu(&var->node);
	WRITE_ONCE(set->count, set->count - 1);
	if (!set->count)
		klp_shadow_set_shrink(set);

	if (dtor)
		dtor(var->obj, var->data);
	kfree_rcu(var, rcu);
}

/* Returns the data of the variable found or added, or NULL if it could not be added. */
static void *klp_shadow_find_or_add(void *obj, unsigned long id, size_t size, gfp_t gfp_flags,
				    klp_shadow_ctor_t ctor, void *ctor_data, bool *added)
{
	struct klp_shadow_set *set;
	struct klp_shadow *new, *var;
	unsigned long flags;
	int err = 0;

	*added = false;
	set = klp_shadow_set_get(id, gfp_flags);
	new = set ? kzalloc(struct_size(new, data, size), gfp_flags) : NULL;
	if (!new)
		return NULL;
	new->obj = obj;
	klp_shadow_set_grow(set, gfp_flags);

	spin_lock_irqsave(&set->lock, flags);
	var = klp_shadow_find(set, obj);
	if (!var) {
		err = klp_shadow_construct(set, new, ctor, ctor_data);
		*added = !err;
	}
	spin_unlock_irqrestore(&set->lock, flags);

	if (*added)
		return new->data;

	kfree(new);
	if (err)
		pr_err("Failed to construct shadow variable <%p, %lx> (%d)\n", obj, id, err);
	return var ? var->data : NULL;
}

/**
 * klp_shadow_get() - find a shadow variable
 * @obj: the object
 * @id: which of its variables
 *
 * Nothing but the caller keeps the variable from being freed meanwhile.
 *
 * Context: Any context where RCU is watching, NMI included.  Takes no lock.
 * Return: the data of the variable, or NULL if there is none.
 */
void *klp_shadow_get(void *obj, unsigned long id)
{
	struct klp_shadow_set *set = klp_shadow_set_find(id);
	struct klp_shadow *var;

	if (!set)
		return NULL;

	guard(rcu)();
	var = klp_shadow_find(set, obj);
	return var ? var->data : NULL;
}
EXPORT_SYMBOL_GPL(klp_shadow_get);

/**
 * klp_shadow_alloc() - add a shadow variable that does not exist yet
 * @obj: the object
 * @id: which of its variables
 * @size: of the data
 * @gfp_flags: for the allocation
 * @ctor: initialises the data, or NULL
 * @ctor_data: passed to @ctor
 *
 * The data starts zeroed and is aligned to 8 bytes.  @ctor runs once, before
 * anybody can find the variable, and can refuse it with any value but 0.  It
 * must not sleep, nor allocate or free shadow variables.  That the variable
 * exists already is a bug of the caller and warned about.
 *
 * Context: Any context but NMI that @gfp_flags allows for.  Calls @ctor with a
 *	    spinlock held and interrupts off.
 * Return: the data of the variable, or NULL if it existed, if memory ran out
 *	   or if @ctor refused.
 */
void *klp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp_flags,
		       klp_shadow_ctor_t ctor, void *ctor_data)
{
	bool added;
	void *data;

	data = klp_shadow_find_or_add(obj, id, size, gfp_flags, ctor, ctor_data, &added);
	if (WARN(data && !added, "Duplicate shadow variable <%p, %lx>\n", obj, id))
		return NULL;
	return data;
}
EXPORT_SYMBOL_GPL(klp_shadow_alloc);

/**
 * klp_shadow_get_or_alloc() - find a shadow variable, or add it
 * @obj: the object
 * @id: which of its variables
 * @size: of the data, if added
 * @gfp_flags: for the allocation
 * @ctor: initialises the data if added, or NULL
 * @ctor_data: passed to @ctor
 *
 * As klp_shadow_get(), then as klp_shadow_alloc().  However many callers race
 * for a variable, one of them adds it and all of them get it.
 *
 * Context: As klp_shadow_alloc().
 * Return: the data of the variable, or NULL if there was none and memory ran
 *	   out or @ctor refused.
 */
void *klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp_flags,
			      klp_shadow_ctor_t ctor, void *ctor_data)
{
	bool added;

	return klp_shadow_get(obj, id) ?:
		klp_shadow_find_or_add(obj, id, size, gfp_flags, ctor, ctor_data, &added);
}
EXPORT_SYMBOL_GPL(klp_shadow_get_or_alloc);

/**
 * klp_shadow_free() - free a shadow variable, if there is one
 * @obj: the object
 * @id: which of its variables
 * @dtor: called with the data before it is freed, or NULL
 *
 * The variable cannot be found any more when @dtor runs.  @dtor has returned
 * when this function does; it must not sleep, nor allocate or free shadow
 * variables.
 *
 * Context: Any context but NMI and, with PREEMPT_RT, hard interrupts.  Calls
 *	    @dtor with a spinlock held and interrupts off.
 */
void klp_shadow_free(void *obj, unsigned long id, klp_shadow_dtor_t dtor)
{
	struct klp_shadow_set *set = klp_shadow_set_find(id);
	struct klp_shadow *var;
	unsigned long flags;

	if (!set)
		return;

	spin_lock_irqsave(&set->lock, flags);
	var = klp_shadow_find(set, obj);
	if (var)
		klp_shadow_remove(set, var, dtor);
	spin_unlock_irqrestore(&set->lock, flags);
}
EXPORT_SYMBOL_GPL(klp_shadow_free);

static void klp_shadow_free_batch(struct klp_shadow_set *set, struct hlist_head *bucket,
				  klp_shadow_dtor_t dtor)
{
	struct hlist_node *next;
	struct klp_shadow *var;
	unsigned long flags;
	int i;

	spin_lock_irqsave(&set->lock, flags);
	for (i = 0; i < KLP_SHADOW_FREE_BATCH; i++) {
		hlist_for_each_entry_safe(var, next, &bucket[i], node)
			klp_shadow_remove(set, var, dtor);
	}
	spin_unlock_irqrestore(&set->lock, flags);
}

/**
 * klp_shadow_free_all() - free the shadow variables of all objects
 * @id: which of the objects' variables
 * @dtor: called with the data of each before it is freed, or NULL
 *
 * As klp_shadow_free() for each object, in no particular order.  Variables
 * that are added meanwhile may stay.
 *
 * Context: As klp_shadow_free().  Interrupts are off for a few variables at a
 *	    time.
 */
void klp_shadow_free_all(unsigned long id, klp_shadow_dtor_t dtor)
{
	struct klp_shadow_set *set = klp_shadow_set_find(id);
	struct klp_shadow_table *table;
	unsigned long i;

	if (!set)
		return;

	guard(rcu)();	/* the tables go with the last variable */
	for (table = klp_shadow_newest(set); table; table = table->older) {
		for (i = 0; i < 1UL << table->bits; i += KLP_SHADOW_FREE_BATCH)
			klp_shadow_free_batch(set, &table->bucket[i], dtor);
	}
}
EXPORT_SYMBOL_GPL(klp_shadow_free_all);
