/* SPDX-License-Identifier: Apache-2.0 */
/* Do nothing: what the tests execute. */
int main(void)
{
	return 0;
}
