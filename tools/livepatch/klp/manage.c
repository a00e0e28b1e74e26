// SPDX-License-Identifier: GPL-2.0
/*
 * What each verb takes, which states of a patch it can begin in, and which one it ends in:
 *
 *	           load                        disable
 *	ABSENT ---------> ENABLING ---> ENABLED ------> DISABLING ---> DISABLED
 *	  ^                  |             ^   enable       |              |
 *	  |                  |  disable    +----------------+              |
 *	  |                  +----------------------------->               |
 *	  +----------------------------- unload ---------------------------+
 *
 * A disabled patch cannot be enabled again by the kernel: its module has to go and come
 * back.  reach.c knows the steps.
 */
#include "manage.h"

#define WAITING	"tTI"		/* options of whatever waits for a transition */

const struct verb manage_verbs[] = {
	{ "load", "FILE|NAME [PARAMETER=VALUE...]",
	  "Loads a patch and waits until all tasks run it.",
	  "ji" WAITING, PATCH_ANY, PATCH_ENABLED },
	{ "unload", "NAME",
	  "Disables a patch, waits until no task runs it, and removes its module.",
	  "j" WAITING, PATCH_PRESENT, PATCH_ABSENT },
	{ "enable", "NAME", "Enables a patch that is loaded, and waits until all tasks run it.",
	  "j" WAITING, PATCH_PRESENT, PATCH_ENABLED },
	{ "disable", "NAME", "Disables a patch and waits until no task runs it.",
	  "j" WAITING, PATCH_PRESENT, PATCH_DISABLED },
	{ "force", "[NAME]", "Completes a transition without waiting for the tasks that are left.",
	  "jy", PATCH_MOVING, PATCH_AS_IT_IS },
	{ "list", "", "Lists the patches that are loaded or installed.",
	  "jr", PATCH_ANY, PATCH_AS_IT_IS },
	{ "status", "[NAME]", "Shows each patch and its transition.",
	  "jwpo", PATCH_ANY, PATCH_AS_IT_IS },
	{ "blockers", "[NAME]", "Shows which tasks a transition waits for, and why.",
	  "js", PATCH_ANY, PATCH_AS_IT_IS },
	{ "info", "FILE|NAME", "Shows what a patch module is and what it changes.",
	  "j", PATCH_ANY, PATCH_AS_IT_IS },
	{ "check", "FILE|NAME [PARAMETER=VALUE...]",
	  "Tells what loading a patch would meet, and changes nothing.",
	  "j", PATCH_ANY, PATCH_AS_IT_IS },
	{ "install", "FILE...", "Keeps patches, to be loaded at every boot.",
	  "jr", PATCH_ANY, PATCH_AS_IT_IS },
	{ "uninstall", "NAME...", "Keeps patches no longer; what is loaded stays in effect.",
	  "jr", PATCH_ANY, PATCH_AS_IT_IS },
	{ "history", "[NAME]", "Shows what was done on this machine.",
	  "jn", PATCH_ANY, PATCH_AS_IT_IS },
	{ "boot", "", "Loads what is installed, unless the machine went down of it.",
	  "jSNR" WAITING, PATCH_ANY, PATCH_ENABLED },
	{ 0 }
};

const struct verb *manage_verb(const char *name)
{
	const struct verb *verb;

	for (verb = manage_verbs; verb->name; verb++) {
		if (!strcmp(verb->name, name))
			return verb;
	}
	die_usage("%s: no such verb", name);
}
