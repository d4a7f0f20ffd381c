/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF notes: which probes a file has, which of them may be attached to, and that no file harms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "asyncspan.h"
#include "attach/elf_probes.h"

/*
 * The image that the tests begin with: a shared object of two segments, code and data, whose
 * addresses differ from their offsets, with sections of notes and symbols behind them.
 */
#define CODE_OFFSET 0x400
#define CODE_ADDRESS 0x11400
#define CODE_SIZE 0x100
#define DATA_OFFSET 0x500
#define DATA_ADDRESS 0x22500
#define DATA_SIZE 0x40
#define MEMORY_SIZE 0x80  /* of the data segment: the rest is .bss */
#define TEXT_OFFSET 0x600 /* notes, symbols and names */
#define SECTION_OFFSET 0x1000
#define IMAGE_SIZE 0x1400
#define BASE_ADDRESS 0x11440

enum {
	SECTION_NULL,
	SECTION_NOTES,
	SECTION_BUILD_ID,
	SECTION_BASE,
	SECTION_DYNSYM,
	SECTION_DYNSTR,
	SECTION_SYMTAB,
	SECTION_STRTAB,
	SECTION_NAMES,
	SECTION_COUNT
};

#if defined(__aarch64__)
#define MACHINE EM_AARCH64
#define OTHER_MACHINE EM_X86_64
static const uint8_t nop[] = { 0x1f, 0x20, 0x03, 0xd5 };
#else
#define MACHINE EM_X86_64
#define OTHER_MACHINE EM_AARCH64
static const uint8_t nop[] = { 0x90 };
#endif

struct image {
	uint8_t bytes[IMAGE_SIZE];
	size_t end; /* of what stands from TEXT_OFFSET on */
};

static Elf64_Ehdr *header_of(struct image *image)
{
	return (Elf64_Ehdr *)image->bytes;
}

static Elf64_Phdr *segment_of(struct image *image, int index)
{
	return (Elf64_Phdr *)(image->bytes + sizeof(Elf64_Ehdr)) + index;
}

static Elf64_Shdr *section_of(struct image *image, int index)
{
	return (Elf64_Shdr *)(image->bytes + SECTION_OFFSET) + index;
}

static size_t append(struct image *image, const void *bytes, size_t size)
{
	size_t offset = image->end;

	assert_true(offset + size <= SECTION_OFFSET);
	memcpy(image->bytes + offset, bytes, size);
	image->end = (offset + size + 3) & ~(size_t)3;
	return offset;
}

static void close_section(struct image *image, int index, uint32_t type, size_t offset,
			  const char *name)
{
	Elf64_Shdr *section = section_of(image, index);
	Elf64_Shdr *names = section_of(image, SECTION_NAMES);
	char *text = (char *)image->bytes + names->sh_offset;

	section->sh_type = type;
	section->sh_offset = offset;
	section->sh_size = image->end - offset;
	section->sh_addralign = 4;
	section->sh_name = (Elf64_Word)names->sh_size;
	memcpy(text + names->sh_size, name, strlen(name) + 1);
	names->sh_size += strlen(name) + 1;
}

static void add_note(struct image *image, const char *owner, uint32_t type, const void *content,
		     size_t size)
{
	Elf64_Nhdr note = { (Elf64_Word)strlen(owner) + 1, (Elf64_Word)size, type };

	append(image, &note, sizeof(note));
	append(image, owner, note.n_namesz);
	append(image, content, size);
}

/* texts: provider, name and arguments, each ended by NUL. */
static void add_probe(struct image *image, uint64_t site, uint64_t base, uint64_t semaphore,
		      const char *texts, size_t texts_size)
{
	uint64_t content[16] = { site, base, semaphore };

	memcpy(content + 3, texts, texts_size);
	add_note(image, "stapsdt", 3, content, 24 + texts_size);
}

static void add_symbols(struct image *image, int index, uint32_t type, const char *name,
			uint64_t address, const char *section_name, const char *names_name)
{
	char names[64] = "\0undefined\0";
	Elf64_Sym symbols[3] = { { 0 } };
	size_t offset;

	memcpy(names + 11, name, strlen(name) + 1);
	symbols[1] = (Elf64_Sym){ .st_name = 1, .st_shndx = SHN_UNDEF };
	symbols[2] = (Elf64_Sym){ .st_name = 11, .st_shndx = 1, .st_value = address };
	offset = append(image, symbols, sizeof(symbols));
	close_section(image, index, type, offset, section_name);
	section_of(image, index)->sh_entsize = sizeof(Elf64_Sym);
	section_of(image, index)->sh_link = (Elf64_Word)index + 1;
	offset = append(image, names, sizeof(names));
	close_section(image, index + 1, SHT_STRTAB, offset, names_name);
}

static void begin_image(struct image *image)
{
	Elf64_Ehdr *header = header_of(image);

	memset(image, 0, sizeof(*image));
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_DYN;
	header->e_machine = MACHINE;
	header->e_version = EV_CURRENT;
	header->e_phoff = sizeof(*header);
	header->e_phentsize = sizeof(Elf64_Phdr);
	header->e_phnum = 2;
	header->e_ehsize = sizeof(*header);
	header->e_shoff = SECTION_OFFSET;
	header->e_shentsize = sizeof(Elf64_Shdr);
	header->e_shnum = SECTION_COUNT;
	header->e_shstrndx = SECTION_NAMES;
	*segment_of(image, 0) = (Elf64_Phdr){ .p_type = PT_LOAD,
					      .p_flags = PF_R | PF_X,
					      .p_offset = CODE_OFFSET,
					      .p_vaddr = CODE_ADDRESS,
					      .p_filesz = CODE_SIZE,
					      .p_memsz = CODE_SIZE };
	*segment_of(image, 1) = (Elf64_Phdr){ .p_type = PT_LOAD,
					      .p_flags = PF_R | PF_W,
					      .p_offset = DATA_OFFSET,
					      .p_vaddr = DATA_ADDRESS,
					      .p_filesz = DATA_SIZE,
					      .p_memsz = MEMORY_SIZE };
	*section_of(image, SECTION_NAMES) =
		(Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = TEXT_OFFSET, .sh_size = 1 };
	image->end = TEXT_OFFSET + 0x100;
	memset(image->bytes + CODE_OFFSET, 0xcc, CODE_SIZE);
}

static void place_site(struct image *image, uint64_t address, const void *bytes, size_t size)
{
	memcpy(image->bytes + CODE_OFFSET + (address - CODE_ADDRESS), bytes, size);
}

#define TEXTS(texts) texts, sizeof(texts)

/* Two probes, a build id and symbols in both tables. */
static void make_image(struct image *image)
{
	static const uint8_t build_id[4] = { 0xde, 0xad, 0xbe, 0xef };
	size_t offset;

	begin_image(image);
	offset = image->end;
	add_probe(image, CODE_ADDRESS + 0x10, BASE_ADDRESS, DATA_ADDRESS + 8,
		  TEXTS("asyncspan\0begin\0008@%rdi 8@%rsi"));
	add_probe(image, CODE_ADDRESS + 0x20, BASE_ADDRESS, 0, TEXTS("libc\0setjmp\0"));
	close_section(image, SECTION_NOTES, SHT_NOTE, offset, ".note.stapsdt");
	place_site(image, CODE_ADDRESS + 0x10, nop, sizeof(nop));
	place_site(image, CODE_ADDRESS + 0x20, nop, sizeof(nop));
	offset = image->end;
	add_note(image, "GNU", NT_GNU_BUILD_ID, build_id, sizeof(build_id));
	close_section(image, SECTION_BUILD_ID, SHT_NOTE, offset, ".note.gnu.build-id");
	close_section(image, SECTION_BASE, SHT_PROGBITS, CODE_OFFSET, ".stapsdt.base");
	section_of(image, SECTION_BASE)->sh_addr = BASE_ADDRESS;
	section_of(image, SECTION_BASE)->sh_size = 1;
	add_symbols(image, SECTION_DYNSYM, SHT_DYNSYM, "_dl_debug_state", CODE_ADDRESS + 0x30,
		    ".dynsym", ".dynstr");
	add_symbols(image, SECTION_SYMTAB, SHT_SYMTAB, "_r_debug", DATA_ADDRESS + DATA_SIZE + 8,
		    ".symtab", ".strtab");
}

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

static int read_image(const struct image *image, struct elf_probes *probes)
{
	int fd = file_of(image->bytes, sizeof(image->bytes));
	int result = elf_probes_read(fd, probes);

	close(fd);
	return result;
}

static void probe_has_its_names_addresses_and_file_offsets(void **state)
{
	struct elf_probes probes;
	struct image image;

	(void)state;
	make_image(&image);
	assert_int_equal(read_image(&image, &probes), 0);
	assert_int_equal(probes.count, 2);
	assert_string_equal(probes.probes[0].provider, "asyncspan");
	assert_string_equal(probes.probes[0].name, "begin");
	assert_string_equal(probes.probes[0].arguments, "8@%rdi 8@%rsi");
	assert_int_equal(probes.probes[0].address, CODE_ADDRESS + 0x10);
	assert_int_equal(probes.probes[0].offset, CODE_OFFSET + 0x10);
	assert_int_equal(probes.probes[0].semaphore_address, DATA_ADDRESS + 8);
	assert_int_equal(probes.probes[0].semaphore_offset, DATA_OFFSET + 8);
	assert_int_equal(probes.probes[0].site, ELF_SITE_NOP);
	assert_string_equal(probes.probes[1].provider, "libc");
	assert_string_equal(probes.probes[1].name, "setjmp");
	assert_string_equal(probes.probes[1].arguments, "");
	assert_int_equal(probes.probes[1].semaphore_offset, 0);
	assert_int_equal(probes.build_id_length, 4);
	assert_memory_equal(probes.build_id, "\xde\xad\xbe\xef", 4);
	elf_probes_free(&probes);
}

static void addresses_move_with_a_prelinked_file(void **state)
{
	struct elf_probes probes;
	struct image image;

	(void)state;
	make_image(&image);
	segment_of(&image, 0)->p_vaddr += 0x7000;
	segment_of(&image, 1)->p_vaddr += 0x7000;
	section_of(&image, SECTION_BASE)->sh_addr += 0x7000;
	assert_int_equal(read_image(&image, &probes), 0);
	assert_int_equal(probes.probes[0].address, CODE_ADDRESS + 0x7010);
	assert_int_equal(probes.probes[0].offset, CODE_OFFSET + 0x10);
	assert_int_equal(probes.probes[0].semaphore_offset, DATA_OFFSET + 8);
	assert_int_equal(probes.probes[0].site, ELF_SITE_NOP);
	elf_probes_free(&probes);
}

static enum elf_site site_with(const void *bytes, size_t size)
{
	struct elf_probes probes;
	struct image image;
	enum elf_site site;

	make_image(&image);
	place_site(&image, CODE_ADDRESS + 0x10, bytes, size);
	assert_int_equal(read_image(&image, &probes), 0);
	site = probes.probes[0].site;
	elf_probes_free(&probes);
	return site;
}

static void only_the_plain_nop_is_a_site_to_attach_to(void **state)
{
	(void)state;
	assert_int_equal(site_with("\xcc\xcc\xcc\xcc\xcc", 5), ELF_SITE_OTHER);
	assert_int_equal(site_with("\0\0\0\0\0", 5), ELF_SITE_OTHER);
#if defined(__x86_64__)
	assert_int_equal(site_with("\x90\xc3", 2), ELF_SITE_NOP);
	assert_int_equal(site_with("\x0f\x1f\x44\x00\x00", 5), ELF_SITE_LONG_NOP);
	assert_int_equal(site_with("\x0f\x1f\x00", 3), ELF_SITE_LONG_NOP);
	assert_int_equal(site_with("\x66\x90", 2), ELF_SITE_LONG_NOP);
	assert_int_equal(site_with("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00", 10),
			 ELF_SITE_LONG_NOP);
	assert_int_equal(site_with("\xf3\x90", 2), ELF_SITE_OTHER);		/* pause */
	assert_int_equal(site_with("\xe8\x00\x00\x00\x00", 5), ELF_SITE_OTHER); /* call */
#endif
}

static void site_outside_the_code_in_the_file_is_refused(void **state)
{
	static const uint64_t addresses[] = { 0, CODE_ADDRESS - 1, CODE_ADDRESS + CODE_SIZE,
					      DATA_ADDRESS, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct elf_probes probes;
		struct image image;

		make_image(&image);
		/* The first note's description begins behind its header and owner. */
		memcpy(image.bytes + section_of(&image, SECTION_NOTES)->sh_offset + 20,
		       &addresses[i], sizeof(addresses[i]));
		assert_int_equal(read_image(&image, &probes), 0);
		assert_int_equal(probes.probes[0].site, ELF_SITE_UNMAPPED);
		elf_probes_free(&probes);
	}
}

static void semaphore_must_lie_in_a_writable_segment_of_the_file(void **state)
{
	static const uint64_t addresses[] = { CODE_ADDRESS, DATA_ADDRESS + DATA_SIZE,
					      DATA_ADDRESS - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct elf_probes probes;
		struct image image;

		make_image(&image);
		memcpy(image.bytes + section_of(&image, SECTION_NOTES)->sh_offset + 36,
		       &addresses[i], sizeof(addresses[i]));
		assert_int_equal(read_image(&image, &probes), 0);
		assert_int_equal(probes.probes[0].semaphore_address, addresses[i]);
		assert_int_equal(probes.probes[0].semaphore_offset, 0);
		elf_probes_free(&probes);
	}
}

static void file_without_notes_or_section_headers_has_no_probes(void **state)
{
	struct elf_probes probes;
	struct image image;

	(void)state;
	make_image(&image);
	section_of(&image, SECTION_NOTES)->sh_type = SHT_PROGBITS;
	assert_int_equal(read_image(&image, &probes), 0);
	assert_int_equal(probes.count, 0);
	elf_probes_free(&probes);

	make_image(&image);
	header_of(&image)->e_shoff = 0;
	header_of(&image)->e_shnum = 0;
	header_of(&image)->e_shstrndx = 0;
	assert_int_equal(read_image(&image, &probes), 0);
	assert_int_equal(probes.count, 0);
	elf_probes_free(&probes);
}

static void symbol_is_found_in_either_table(void **state)
{
	uint64_t offset;
	uint64_t address;
	struct image image;
	int fd;

	(void)state;
	make_image(&image);
	fd = file_of(image.bytes, sizeof(image.bytes));
	assert_int_equal(elf_symbol_offset(fd, "_dl_debug_state", &offset, &address), 0);
	assert_int_equal(offset, CODE_OFFSET + 0x30);
	assert_int_equal(address, CODE_ADDRESS + 0x30);
	/* In .bss: it has an address, and no place in the file. */
	assert_int_equal(elf_symbol_offset(fd, "_r_debug", &offset, &address), 0);
	assert_int_equal(offset, UINT64_MAX);
	assert_int_equal(address, DATA_ADDRESS + DATA_SIZE + 8);
	assert_int_equal(elf_symbol_offset(fd, "_r_debug", NULL, NULL), 0);
	assert_int_equal(elf_symbol_offset(fd, "undefined", &offset, &address), -ENOENT);
	assert_int_equal(elf_symbol_offset(fd, "absent", &offset, &address), -ENOENT);
	close(fd);
}

static void what_is_no_native_executable_is_refused(void **state)
{
	static const uint8_t text[] = "#!/bin/sh\n";
	struct elf_probes probes;
	struct image image;
	int fd = file_of(text, sizeof(text));

	(void)state;
	assert_int_equal(elf_probes_read(fd, &probes), -ENOEXEC);
	close(fd);
	fd = file_of("", 0);
	assert_int_equal(elf_probes_read(fd, &probes), -ENOEXEC);
	close(fd);
	make_image(&image);
	header_of(&image)->e_type = ET_REL;
	assert_int_equal(read_image(&image, &probes), -ENOEXEC);
	make_image(&image);
	header_of(&image)->e_machine = OTHER_MACHINE;
	assert_int_equal(read_image(&image, &probes), -ENOTSUP);
	assert_int_equal(probes.count, 0);
	assert_null(probes.probes);
}

static void file_cut_off_before_its_section_headers_is_damage(void **state)
{
	struct elf_probes probes;
	struct image image;
	int fd;

	(void)state;
	make_image(&image);
	fd = file_of(image.bytes, SECTION_OFFSET);
	assert_int_equal(elf_probes_read(fd, &probes), -EBADMSG);
	close(fd);
}

static void note_that_ends_too_early_is_damage(void **state)
{
	struct elf_probes probes;
	struct image image;
	Elf64_Nhdr *note;

	(void)state;
	make_image(&image);
	note = (Elf64_Nhdr *)(image.bytes + section_of(&image, SECTION_NOTES)->sh_offset);
	note->n_descsz = 23; /* less than three addresses */
	assert_int_equal(read_image(&image, &probes), -EBADMSG);
	note->n_descsz = 24 + 12; /* provider, and no NUL behind the name */
	assert_int_equal(read_image(&image, &probes), -EBADMSG);
	note->n_descsz = 0x7fffffff; /* beyond the section */
	assert_int_equal(read_image(&image, &probes), -EBADMSG);
	make_image(&image);
	section_of(&image, SECTION_NOTES)->sh_size = UINT64_C(1) << 40;
	assert_int_equal(read_image(&image, &probes), -E2BIG);
}

/* What reading a damaged file may give; the sanitizers and valgrind see what else goes wrong. */
static void assert_reads_without_harm(const void *bytes, size_t size)
{
	int fd = file_of(bytes, size);
	struct elf_probes probes;
	int result = elf_probes_read(fd, &probes);
	uint64_t offset;

	if (result != 0 && result != -ENOEXEC && result != -ENOTSUP && result != -EBADMSG &&
	    result != -E2BIG)
		fail_msg("elf_probes_read: %d", result);
	for (size_t i = 0; i < probes.count; i++)
		assert_true(strlen(probes.probes[i].name) < size);
	elf_probes_free(&probes);
	elf_symbol_offset(fd, "_dl_debug_state", &offset, NULL);
	elf_symbol_offset(fd, "_r_debug", &offset, NULL);
	close(fd);
}

static void file_cut_off_anywhere_does_no_harm(void **state)
{
	struct image image;

	(void)state;
	make_image(&image);
	for (size_t size = 0; size < sizeof(image.bytes); size += 3)
		assert_reads_without_harm(image.bytes, size);
}

static void file_with_any_byte_changed_does_no_harm(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct image image;

	(void)state;
	make_image(&image);
	for (size_t i = 0; i < sizeof(image.bytes); i++) {
		uint8_t saved = image.bytes[i];

		/* Nothing reads what stands between the parts. */
		if (i >= image.end && i < SECTION_OFFSET)
			continue;
		for (size_t v = 0; v < sizeof(values); v++) {
			image.bytes[i] = values[v];
			assert_reads_without_harm(image.bytes, sizeof(image.bytes));
		}
		image.bytes[i] = saved;
	}
}

static void file_of_random_damage_does_no_harm(void **state)
{
	uint32_t random = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct image image;

		make_image(&image);
		for (int change = 0; change < 8; change++) {
			random = random * 1664525 + 1013904223;
			image.bytes[(random >> 8) % sizeof(image.bytes)] = (uint8_t)random >> 3;
		}
		assert_reads_without_harm(image.bytes, sizeof(image.bytes));
	}
}

static const struct elf_probe *find_probe(const struct elf_probes *probes, const char *name)
{
	for (size_t i = 0; i < probes->count; i++) {
		if (strcmp(probes->probes[i].provider, "asyncspan") == 0 &&
		    strcmp(probes->probes[i].name, name) == 0)
			return &probes->probes[i];
	}
	fail_msg("no probe asyncspan:%s", name);
	return NULL;
}

/* This program is instrumented itself: what the header emits is what the reader finds. */
static void program_with_the_header_has_probes_to_attach_to(void **state)
{
	static const char *const names[] = { "begin", "suspend", "resume", "end" };
	FILE *self = fopen("/proc/self/exe", "rb");
	struct elf_probes probes;
	uint64_t offset;
	asyncspan_t span;

	(void)state;
	ASYNCSPAN_BEGIN(&span, "read_self");
	assert_non_null(self);
	assert_int_equal(elf_probes_read(fileno(self), &probes), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct elf_probe *probe = find_probe(&probes, names[i]);

		assert_int_equal(probe->site, ELF_SITE_NOP);
		assert_int_not_equal(probe->offset, 0);
		assert_int_not_equal(probe->semaphore_offset, 0);
	}
	elf_probes_free(&probes);
	assert_int_equal(elf_symbol_offset(fileno(self), "main", &offset, NULL), 0);
	assert_true(offset > 0 && offset != UINT64_MAX);
	fclose(self);
	ASYNCSPAN_SUSPEND(&span);
	ASYNCSPAN_RESUME(&span);
	ASYNCSPAN_END(&span);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe_has_its_names_addresses_and_file_offsets),
		cmocka_unit_test(addresses_move_with_a_prelinked_file),
		cmocka_unit_test(only_the_plain_nop_is_a_site_to_attach_to),
		cmocka_unit_test(site_outside_the_code_in_the_file_is_refused),
		cmocka_unit_test(semaphore_must_lie_in_a_writable_segment_of_the_file),
		cmocka_unit_test(file_without_notes_or_section_headers_has_no_probes),
		cmocka_unit_test(symbol_is_found_in_either_table),
		cmocka_unit_test(what_is_no_native_executable_is_refused),
		cmocka_unit_test(file_cut_off_before_its_section_headers_is_damage),
		cmocka_unit_test(note_that_ends_too_early_is_damage),
		cmocka_unit_test(file_cut_off_anywhere_does_no_harm),
		cmocka_unit_test(file_with_any_byte_changed_does_no_harm),
		cmocka_unit_test(file_of_random_damage_does_no_harm),
		cmocka_unit_test(program_with_the_header_has_probes_to_attach_to),
	};

	return cmocka_run_group_tests_name("elf_probes", tests, NULL, NULL);
}
