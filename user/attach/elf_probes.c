/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/elf_probes.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Limits far above every real file, so that a hostile one costs little. */
#define NOTES_SIZE_MAX (UINT64_C(16) << 20)
#define PROBES_MAX 65536
#define TABLE_SIZE_MAX (UINT64_C(256) << 20)
#define SEGMENTS_MAX 1024
#define SECTIONS_MAX 65536

/* systemtap's sys/sdt.h: three addresses, then provider, name and arguments, each ended by NUL. */
#define NOTE_OWNER "stapsdt"
#define NOTE_TYPE 3

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#define NOP_SIZE 1
static const uint8_t nop[NOP_SIZE] = { 0x90 };
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#define NOP_SIZE 4
static const uint8_t nop[NOP_SIZE] = { 0x1f, 0x20, 0x03, 0xd5 };
#else
#error "probe sites of this architecture are not known"
#endif

struct elf_file {
	int fd;
	Elf *elf;
	GElf_Ehdr header;
	GElf_Phdr *segments; /* PT_LOAD only */
	size_t segment_count;
	size_t section_names;
	size_t section_count;
};

static int load_segments(struct elf_file *file)
{
	size_t count;

	if (elf_getphdrnum(file->elf, &count) || count > SEGMENTS_MAX)
		return -EBADMSG;
	file->segments = calloc(count + 1, sizeof(*file->segments));
	if (!file->segments)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(file->elf, (int)i, &segment))
			return -EBADMSG;
		if (segment.p_type == PT_LOAD)
			file->segments[file->segment_count++] = segment;
	}
	return 0;
}

/* libelf reads a whole table of names for the first name asked for. */
static bool names_are_bounded(const struct elf_file *file, size_t index)
{
	Elf_Scn *section = elf_getscn(file->elf, index);
	GElf_Shdr header;

	return section && gelf_getshdr(section, &header) && header.sh_size <= TABLE_SIZE_MAX;
}

static void file_close(struct elf_file *file)
{
	free(file->segments);
	elf_end(file->elf);
}

static int file_open(struct elf_file *file, int fd)
{
	int error;

	memset(file, 0, sizeof(*file));
	file->fd = fd;
	elf_version(EV_CURRENT);
	file->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!file->elf)
		return -ENOEXEC;
	error = -ENOEXEC;
	if (elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &file->header) ||
	    (file->header.e_type != ET_EXEC && file->header.e_type != ET_DYN))
		goto out;
	error = -ENOTSUP;
	if (file->header.e_machine != NATIVE_MACHINE ||
	    file->header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    file->header.e_ident[EI_DATA] != ELFDATA2LSB)
		goto out;
	error = load_segments(file);
	if (error)
		goto out;
	/* A file without section headers is a good one: it has no notes, and nothing else. */
	if (elf_getshdrnum(file->elf, &file->section_count) ||
	    elf_getshdrstrndx(file->elf, &file->section_names))
		file->section_count = 0;
	error = -EBADMSG;
	if (file->section_count > SECTIONS_MAX || (!file->section_count && file->header.e_shoff) ||
	    (file->section_count && !names_are_bounded(file, file->section_names)))
		goto out;
	return 0;
out:
	file_close(file);
	return error;
}

/* The segment whose part in the file covers an address, with all of these flags and none of those. */
static const GElf_Phdr *find_segment(const struct elf_file *file, uint64_t address, uint32_t with,
				     uint32_t without)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const GElf_Phdr *segment = &file->segments[i];

		if (address >= segment->p_vaddr && address - segment->p_vaddr < segment->p_filesz &&
		    (segment->p_flags & with) == with && !(segment->p_flags & without) &&
		    segment->p_offset <= INT64_MAX - segment->p_filesz)
			return segment;
	}
	return NULL;
}

static uint64_t segment_offset(const GElf_Phdr *segment, uint64_t address)
{
	return address - segment->p_vaddr + segment->p_offset;
}

/* The section's contents, or NULL when it is none that can be read within the limit. */
static Elf_Data *section_data(Elf_Scn *section, const GElf_Shdr *header, uint64_t limit)
{
	if (header->sh_type == SHT_NOBITS || (header->sh_flags & SHF_COMPRESSED) ||
	    header->sh_size > limit)
		return NULL;
	return elf_getdata(section, NULL);
}

static const char *section_name(const struct elf_file *file, const GElf_Shdr *header)
{
	const char *name = elf_strptr(file->elf, file->section_names, header->sh_name);

	return name ? name : "";
}

/* sys/sdt.h: notes hold the address that .stapsdt.base had before prelink moved the file. */
static bool find_base(const struct elf_file *file, uint64_t *base)
{
	for (size_t i = 1; i < file->section_count; i++) {
		Elf_Scn *section = elf_getscn(file->elf, i);
		GElf_Shdr header;

		if (section && gelf_getshdr(section, &header) &&
		    strcmp(section_name(file, &header), ".stapsdt.base") == 0) {
			*base = header.sh_addr;
			return true;
		}
	}
	return false;
}

static enum elf_site classify(const uint8_t *bytes, ssize_t length)
{
	if (length < NOP_SIZE)
		return ELF_SITE_OTHER;
	if (memcmp(bytes, nop, NOP_SIZE) == 0)
		return ELF_SITE_NOP;
#if defined(__x86_64__)
	/* 0f 1f is the nop that carries an operand; prefixes 66 and 2e lengthen it. */
	for (ssize_t i = 0; i + 1 < length; i++) {
		if (bytes[i] == 0x0f && bytes[i + 1] == 0x1f)
			return ELF_SITE_LONG_NOP;
		if (bytes[i] == 0x66 && bytes[i + 1] == 0x90)
			return ELF_SITE_LONG_NOP;
		if (bytes[i] != 0x66 && bytes[i] != 0x2e)
			break;
	}
#endif
	return ELF_SITE_OTHER;
}

static void find_site(const struct elf_file *file, struct elf_probe *probe)
{
	const GElf_Phdr *segment = find_segment(file, probe->address, PF_X, 0);
	uint8_t bytes[12] = { 0 };

	probe->site = ELF_SITE_UNMAPPED;
	if (segment) {
		probe->offset = segment_offset(segment, probe->address);
		probe->site = classify(bytes,
				       pread(file->fd, bytes, sizeof(bytes), (off_t)probe->offset));
	}
	/* The kernel writes to the semaphore: its page is never executable (uprobes refuse it). */
	segment = probe->semaphore_address ?
			  find_segment(file, probe->semaphore_address, PF_W, PF_X) :
			  NULL;
	if (segment)
		probe->semaphore_offset = segment_offset(segment, probe->semaphore_address);
}

/* The text at *position and its NUL; NULL when the note ends before. */
static const char *take_text(const char *note, size_t size, size_t *position)
{
	const char *text = note + *position;
	size_t length = strnlen(text, size - *position);

	if (length == size - *position)
		return NULL;
	*position += length + 1;
	return text;
}

static void probe_free(struct elf_probe *probe)
{
	free(probe->provider);
	free(probe->name);
	free(probe->arguments);
}

static int read_note(const struct elf_file *file, const char *note, size_t size,
		     const uint64_t *base, struct elf_probe *probe)
{
	uint64_t addresses[3]; /* site, .stapsdt.base at link time, semaphore */
	size_t position = sizeof(addresses);
	const char *provider;
	const char *name;
	const char *arguments;
	uint64_t moved;

	memset(probe, 0, sizeof(*probe));
	if (size < sizeof(addresses))
		return -EBADMSG;
	memcpy(addresses, note, sizeof(addresses));
	provider = take_text(note, size, &position);
	name = provider ? take_text(note, size, &position) : NULL;
	arguments = name ? take_text(note, size, &position) : NULL;
	if (!arguments)
		return -EBADMSG;
	moved = base && addresses[1] ? *base - addresses[1] : 0;
	probe->address = addresses[0] + moved;
	probe->semaphore_address = addresses[2] ? addresses[2] + moved : 0;
	probe->provider = strdup(provider);
	probe->name = strdup(name);
	probe->arguments = strdup(arguments);
	if (!probe->provider || !probe->name || !probe->arguments) {
		probe_free(probe);
		return -ENOMEM;
	}
	find_site(file, probe);
	return 0;
}

static int add_probe(const struct elf_file *file, const char *note, size_t size,
		     const uint64_t *base, struct elf_probes *out)
{
	struct elf_probe *probes;
	int error;

	if (out->count == PROBES_MAX)
		return -E2BIG;
	/* Room doubles whenever the count is a power of two. */
	if (!(out->count & (out->count - 1))) {
		probes = realloc(out->probes, (out->count ? out->count * 2 : 1) * sizeof(*probes));
		if (!probes)
			return -ENOMEM;
		out->probes = probes;
	}
	error = read_note(file, note, size, base, &out->probes[out->count]);
	if (error)
		return error;
	out->count++;
	return 0;
}

static bool is_owner(const Elf_Data *data, const GElf_Nhdr *note, size_t name_offset,
		     const char *owner)
{
	return note->n_namesz == strlen(owner) + 1 &&
	       memcmp((const char *)data->d_buf + name_offset, owner, note->n_namesz) == 0;
}

static int read_notes(const struct elf_file *file, Elf_Data *data, const uint64_t *base,
		      struct elf_probes *out)
{
	size_t position = 0;
	size_t name_offset;
	size_t note_offset;
	GElf_Nhdr note;

	while (position < data->d_size) {
		const char *description;
		int error = 0;

		/* Checks that name and description lie within the section. */
		position = gelf_getnote(data, position, &note, &name_offset, &note_offset);
		if (!position)
			return -EBADMSG;
		description = (const char *)data->d_buf + note_offset;

		if (note.n_type == NOTE_TYPE && is_owner(data, &note, name_offset, NOTE_OWNER))
			error = add_probe(file, description, note.n_descsz, base, out);
		if (note.n_type == NT_GNU_BUILD_ID && is_owner(data, &note, name_offset, "GNU") &&
		    note.n_descsz <= sizeof(out->build_id)) {
			memcpy(out->build_id, description, note.n_descsz);
			out->build_id_length = note.n_descsz;
		}
		if (error)
			return error;
	}
	return 0;
}

static int read_sections(const struct elf_file *file, struct elf_probes *out)
{
	uint64_t base;
	bool has_base = find_base(file, &base);
	uint64_t budget = NOTES_SIZE_MAX;

	for (size_t i = 1; i < file->section_count; i++) {
		Elf_Scn *section = elf_getscn(file->elf, i);
		GElf_Shdr header;
		const char *name;
		Elf_Data *data;
		int error;

		if (!section || !gelf_getshdr(section, &header))
			return -EBADMSG;
		name = section_name(file, &header);
		if (header.sh_type != SHT_NOTE ||
		    (strcmp(name, ".note.stapsdt") != 0 && strcmp(name, ".note.gnu.build-id") != 0))
			continue;
		if (header.sh_size > budget)
			return -E2BIG;
		if (!header.sh_size)
			continue;
		budget -= header.sh_size;
		data = section_data(section, &header, NOTES_SIZE_MAX);
		if (!data)
			return -EBADMSG;
		error = read_notes(file, data, has_base ? &base : NULL, out);
		if (error)
			return error;
	}
	return 0;
}

int elf_probes_read(int fd, struct elf_probes *out)
{
	struct elf_file file;
	int error;

	memset(out, 0, sizeof(*out));
	error = file_open(&file, fd);
	if (error)
		return error;
	error = read_sections(&file, out);
	file_close(&file);
	if (error)
		elf_probes_free(out);
	return error;
}

void elf_probes_free(struct elf_probes *probes)
{
	for (size_t i = 0; i < probes->count; i++)
		probe_free(&probes->probes[i]);
	free(probes->probes);
	memset(probes, 0, sizeof(*probes));
}

const char *elf_site_text(enum elf_site site)
{
	switch (site) {
	case ELF_SITE_NOP:
		return "ok";
	case ELF_SITE_LONG_NOP:
		return "a multi-byte nop, which newer kernels patch so that forked children crash";
	case ELF_SITE_OTHER:
		return "no nop at the site";
	case ELF_SITE_UNMAPPED:
		return "the site is outside the file's code";
	}
	return "unknown";
}

static int search_table(const struct elf_file *file, Elf_Scn *section, const GElf_Shdr *header,
			const char *name, GElf_Sym *found)
{
	Elf_Data *data = section_data(section, header, TABLE_SIZE_MAX);

	if (!data || header->sh_entsize != sizeof(Elf64_Sym) ||
	    !names_are_bounded(file, header->sh_link))
		return -EBADMSG;
	for (size_t i = 1; i < data->d_size / sizeof(Elf64_Sym); i++) {
		const char *text;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol))
			return -EBADMSG;
		if (symbol.st_shndx == SHN_UNDEF)
			continue;
		text = elf_strptr(file->elf, header->sh_link, symbol.st_name);
		if (text && strcmp(text, name) == 0) {
			*found = symbol;
			return 0;
		}
	}
	return -ENOENT;
}

static int find_symbol(const struct elf_file *file, uint32_t table, const char *name,
		       GElf_Sym *found)
{
	for (size_t i = 1; i < file->section_count; i++) {
		Elf_Scn *section = elf_getscn(file->elf, i);
		GElf_Shdr header;
		int error;

		if (!section || !gelf_getshdr(section, &header))
			return -EBADMSG;
		if (header.sh_type != table)
			continue;
		error = search_table(file, section, &header, name, found);
		if (error != -ENOENT)
			return error;
	}
	return -ENOENT;
}

int elf_symbol_offset(int fd, const char *symbol, uint64_t *offset, uint64_t *address)
{
	const GElf_Phdr *segment;
	struct elf_file file;
	GElf_Sym found;
	int error = file_open(&file, fd);

	if (error)
		return error;
	error = find_symbol(&file, SHT_DYNSYM, symbol, &found);
	if (error == -ENOENT)
		error = find_symbol(&file, SHT_SYMTAB, symbol, &found);
	if (error)
		goto out;
	segment = find_segment(&file, found.st_value, 0, 0);
	if (offset)
		*offset = segment ? segment_offset(segment, found.st_value) : UINT64_MAX;
	if (address)
		*address = found.st_value;
out:
	file_close(&file);
	return error;
}
