// SPDX-License-Identifier: Apache-2.0
// Does nothing: its end tells that all events from before it have come.
int main(void) { return 0; }
