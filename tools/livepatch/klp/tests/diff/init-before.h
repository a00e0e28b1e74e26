/* SPDX-License-Identifier: GPL-2.0 */
int __init setup(int a)
{
	outer(a);
	return outer(1);
}
