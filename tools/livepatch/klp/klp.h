/* SPDX-License-Identifier: GPL-2.0 */
/* The verbs: each gets its own name as argv[0] and returns an enum klp_exit. */
#ifndef KLP_H
#define KLP_H

int cmd_build(int argc, char **argv);
int cmd_link(int argc, char **argv);
int cmd_info(int argc, char **argv);

int cmd_check(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_unload(int argc, char **argv);
int cmd_enable(int argc, char **argv);
int cmd_disable(int argc, char **argv);
int cmd_force(int argc, char **argv);

int cmd_list(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_blockers(int argc, char **argv);
int cmd_history(int argc, char **argv);

int cmd_install(int argc, char **argv);
int cmd_uninstall(int argc, char **argv);
int cmd_boot(int argc, char **argv);

#endif
