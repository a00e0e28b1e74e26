// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System states: changes that a patch makes to the system as a whole, and hands
 * on to the patch that replaces it.
 */
#include <linux/livepatch.h>

#include "live.h"
#include "state.h"
#include "transition.h"

#define klp_for_each_state(patch, state) \
	for (state = (patch)->states; state && state->id; state++)

/**
 * klp_get_state() - find the entry of a patch for a system state
 * @patch:	the patch
 * @id:		the state's id
 *
 * Context: Any.  Takes no lock.
 * Return: the entry in @patch->states, or NULL if it has none with that id.
 */
struct klp_state *klp_get_state(struct klp_patch *patch, unsigned long id)
{
	struct klp_state *state;

	klp_for_each_state(patch, state)
		if (state->id == id)
			return state;
	return NULL;
}
EXPORT_SYMBOL_GPL(klp_get_state);

/**
 * klp_get_prev_state() - find what the patch before this one knows of a state
 * @id:		the state's id
 *
 * For callbacks: "this one" is the patch in transition, and those before it are
 * the enabled patches that are older.  Patches that are being replaced are among
 * them until the last callback has returned.
 *
 * Context: From a callback, during a transition.  Takes no lock.
 * Return: the entry of the newest patch that has one, or NULL if there is none, or
 * no transition.
 */
struct klp_state *klp_get_prev_state(unsigned long id)
{
	struct klp_state *state, *newest = NULL;
	struct klp_live_patch *patch;

	if (WARN_ON_ONCE(!klp_transition_patch()))
		return NULL;

	klp_for_each_patch(patch) {
		if (patch == klp_transition_patch())
			break;
		state = klp_get_state(patch->decl, id);
		if (state)
			newest = state;
	}
	return newest;
}
EXPORT_SYMBOL_GPL(klp_get_prev_state);

/**
 * klp_states_compatible() - can a patch come on top of another?
 * @next:	the patch to be enabled
 * @present:	a patch that is enabled
 *
 * It must know every state that @present has changed, at least as well; one that
 * does not replace may leave alone what it does not know.
 *
 * Return: true if it can.
 */
bool klp_states_compatible(const struct klp_patch *next,
			   const struct klp_patch *present)
{
	struct klp_state *old, *new;

	klp_for_each_state(present, old) {
		new = klp_get_state((struct klp_patch *)next, old->id);
		if (new ? new->version < old->version : next->replace)
			return false;
	}
	return true;
}

/* Can a patch come on top of all that are there? */
bool klp_states_admit(const struct klp_patch *decl)
{
	struct klp_live_patch *patch;

	lockdep_assert_held(&klp_mutex);
	klp_for_each_patch(patch)
		if (!klp_states_compatible(decl, patch->decl))
			return false;
	return true;
}
