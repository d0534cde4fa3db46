/* SPDX-License-Identifier: Apache-2.0 */
#include "live_loader.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__) && defined(__x86_64__)

#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <zlib.h>

/* The context begins with this, then come the maps, then the programs' descriptors: laid down by libbpf (1.x). */
struct head {
	__u32 size;
	__u32 flags;
	__u32 log_level;
	__u32 log_size;
	__u64 log_buffer;
};

#define ATTR_SIZE(member) (offsetof(union bpf_attr, member) + sizeof(((union bpf_attr *)0)->member))

static int bpf(enum bpf_cmd command, union bpf_attr *attr, unsigned int size)
{
	return (int)syscall(__NR_bpf, command, attr, size);
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : 63;
}

/* The bytes behind a text of an image: deflated, then in base64. The caller frees them. */
static void *unpack(const char *text, size_t size)
{
	const size_t length = strlen(text);
	unsigned char *packed = malloc(length / 4 * 3 + 3);
	unsigned char *bytes = malloc(size);
	uLongf unpacked = (uLongf)size;
	size_t used = 0, i;

	if (packed == NULL || bytes == NULL)
		goto failed;
	for (i = 0; i + 4 <= length; i += 4) {
		const unsigned int word = (unsigned int)(digit(text[i]) << 18 | digit(text[i + 1]) << 12 |
							 digit(text[i + 2]) << 6 | digit(text[i + 3]));

		packed[used++] = (unsigned char)(word >> 16);
		packed[used++] = (unsigned char)(word >> 8);
		packed[used++] = (unsigned char)word;
	}
	if (uncompress(bytes, &unpacked, packed, (uLong)used) != Z_OK || unpacked != size)
		goto failed;
	free(packed);
	return bytes;
failed:
	free(packed);
	free(bytes);
	errno = ENOMEM;
	return NULL;
}

static int load_loader(int map, const void *program, unsigned int size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_SYSCALL;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = size / sizeof(struct bpf_insn);
	attr.license = (uintptr_t) "Dual BSD/GPL";
	memcpy(attr.prog_name, "peregrine_load", sizeof "peregrine_load");
	attr.fd_array = (uintptr_t)&map;
	attr.prog_flags = BPF_F_SLEEPABLE;
	return bpf(BPF_PROG_LOAD, &attr, ATTR_SIZE(fd_array));
}

static int make_loader_map(const void *data, unsigned int size)
{
	union bpf_attr attr;
	const int key = 0;
	int map;

	memset(&attr, 0, sizeof attr);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof key;
	attr.value_size = size;
	attr.max_entries = 1;
	memcpy(attr.map_name, "peregrine_load", sizeof "peregrine_load");
	map = bpf(BPF_MAP_CREATE, &attr, ATTR_SIZE(map_extra));
	if (map < 0)
		return -1;
	memset(&attr, 0, sizeof attr);
	attr.map_fd = (__u32)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)data;
	if (bpf(BPF_MAP_UPDATE_ELEM, &attr, ATTR_SIZE(flags)) == 0)
		return map;
	close(map);
	return -1;
}

/* Loads the loader and runs it. 0, or -1 with errno set. */
static int run_loader(struct live_loaded *loaded, const struct live_image *image, const void *data, const void *program,
		      const char **step)
{
	union bpf_attr attr;
	int map, loader = -1, result = -1, error;

	*step = "creating a map";
	map = make_loader_map(data, image->data_size);
	if (map < 0)
		return -1;
	*step = "loading the loader";
	loader = load_loader(map, program, image->loader_size);
	if (loader < 0)
		goto done;
	memset(&attr, 0, sizeof attr);
	attr.test.prog_fd = (__u32)loader;
	attr.test.ctx_in = (uintptr_t)loaded->context;
	attr.test.ctx_size_in = ((struct head *)loaded->context)->size;
	*step = "loading the programs";
	if (bpf(BPF_PROG_TEST_RUN, &attr, ATTR_SIZE(test)) < 0)
		goto done;
	if ((int)attr.test.retval < 0)
		errno = -(int)attr.test.retval;
	else
		result = 0;
done:
	error = errno;
	close(map);
	if (loader >= 0)
		close(loader);
	errno = error;
	return result;
}

int live_image_prepare(struct live_loaded *loaded, const struct live_image *image)
{
	const size_t size = sizeof(struct head) + image->maps * sizeof(struct live_map) + image->programs * sizeof(int);
	unsigned char *context = calloc(1, size);

	if (context == NULL)
		return -1;
	((struct head *)context)->size = (__u32)size;
	loaded->context = context;
	loaded->maps = (struct live_map *)(context + sizeof(struct head));
	loaded->programs = (int *)(loaded->maps + image->maps);
	loaded->map_count = image->maps;
	loaded->program_count = image->programs;
	return 0;
}

int live_image_load(struct live_loaded *loaded, const struct live_image *image, const char **step)
{
	void *data = unpack(image->data, image->data_size);
	void *program = unpack(image->loader, image->loader_size);
	void *constants = unpack(image->constants, image->constants_size);
	int result = -1;
	int error;

	*step = "taking memory";
	if (data != NULL && program != NULL && constants != NULL) {
		loaded->maps[image->constants_map].initial = (uintptr_t)constants;
		result = run_loader(loaded, image, data, program, step);
	}
	error = errno;
	free(data);
	free(program);
	free(constants);
	errno = error;
	return result;
}

#else

int live_image_prepare(struct live_loaded *loaded, const struct live_image *image)
{
	(void)loaded;
	(void)image;
	errno = ENOSYS;
	return -1;
}

int live_image_load(struct live_loaded *loaded, const struct live_image *image, const char **step)
{
	(void)loaded;
	(void)image;
	*step = "this machine";
	errno = ENOSYS;
	return -1;
}

#endif

void live_image_unload(struct live_loaded *loaded)
{
	const int error = errno;
	unsigned int i;

	/* 0 is what a descriptor is that was not made: the loader closes what it made when it fails. */
	for (i = 0; i < loaded->program_count; i++)
		if (loaded->programs[i] > 0)
			close(loaded->programs[i]);
	for (i = 0; i < loaded->map_count; i++)
		if (loaded->maps[i].fd > 0)
			close(loaded->maps[i].fd);
	free(loaded->context);
	memset(loaded, 0, sizeof *loaded);
	errno = error;
}
