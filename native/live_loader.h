/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads BPF programs from an image that scripts/bpf-build.mjs has made. An image comes with a loader, itself a BPF program
 * of the kind that makes system calls: run once, it creates the maps and loads the programs, and writes their descriptors
 * into the context that it was given. libbpf is needed to make the loader and not to run it.
 */
#pragma once

/* A map, in the loader's context. */
struct live_map {
	int fd;                     /* out */
	unsigned int max_entries;   /* in: other than those of the source; 0 = as there */
	unsigned long long initial; /* in: address of its first contents; 0 = zeros */
};

/* Deflated, then in base64: what the loader works on, the loader, constants of the programs. */
struct live_image {
	const char *data, *loader, *constants;
	unsigned int data_size, loader_size, constants_size;
	unsigned int maps, programs;
	unsigned int constants_map; /* which map has the constants */
};

/* Descriptors, in the image's order. All zero before live_image_prepare() and after live_image_unload(). */
struct live_loaded {
	void *context;
	struct live_map *maps;
	int *programs;
	unsigned int map_count, program_count;
};

/* Takes memory for the descriptors; the caller may then set `max_entries` of maps. 0, or -1 with errno set. */
int live_image_prepare(struct live_loaded *loaded, const struct live_image *image);

/* Creates maps and programs. 0, or -1 with errno set and `step` the name of what failed. */
int live_image_load(struct live_loaded *loaded, const struct live_image *image, const char **step);

/* Closes all descriptors. Keeps errno. */
void live_image_unload(struct live_loaded *loaded);
