/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The USDT probes of an ELF file: the notes of .note.stapsdt, translated to what uprobes need.
 *
 *	struct elf_probes probes;
 *	if (elf_probes_read(fd, &probes) == 0)
 *		... probes.probes[i].offset, .semaphore_offset ...
 *	elf_probes_free(&probes);
 *
 * The file may be hostile: every length and offset is bounded, and it is read, not mapped, so that
 * a file that shrinks meanwhile cannot raise SIGBUS. The caller keeps fd.
 *
 * Addresses are those of the file: what is added when it is loaded at a base is the caller's
 * business. Offsets are from the start of the file.
 */
#ifndef ATTACH_ELF_PROBES_H
#define ATTACH_ELF_PROBES_H

#include <stddef.h>
#include <stdint.h>

/* What stands at a probe's site; all but ELF_SITE_NOP must not be attached. */
enum elf_site {
	ELF_SITE_NOP,	   /* the one nop that the kernel emulates on every version */
	ELF_SITE_LONG_NOP, /* a multi-byte nop: kernels turn it into a call, which breaks fork */
	ELF_SITE_OTHER,	   /* something else: not a probe's site */
	ELF_SITE_UNMAPPED, /* the address is in no executable segment of the file */
};

struct elf_probe {
	char *provider; /* owned by elf_probes, as are the next two */
	char *name;
	char *arguments;	    /* the argument string of the note, may be empty */
	uint64_t address;	    /* of the site, prelink difference applied */
	uint64_t offset;	    /* of the site; 0 if ELF_SITE_UNMAPPED */
	uint64_t semaphore_address; /* 0: the probe has none */
	uint64_t semaphore_offset;  /* 0: none, or not in a writable segment of the file */
	enum elf_site site;
};

#define ELF_BUILD_ID_SIZE 64

struct elf_probes {
	struct elf_probe *probes; /* in the order of the notes */
	size_t count;		  /* 0: the file has no probes, which is no error */
	uint8_t build_id[ELF_BUILD_ID_SIZE];
	size_t build_id_length; /* 0: none */
};

/*
 * Reads all probes of the executable or shared object behind fd. Returns 0 or
 *	-ENOEXEC	not an ELF executable or shared object
 *	-ENOTSUP	for another machine than this one
 *	-EBADMSG	a broken ELF file
 *	-E2BIG		more notes than any sane program has
 *	-ENOMEM, -EIO
 * and then *out is empty.
 */
int elf_probes_read(int fd, struct elf_probes *out);
void elf_probes_free(struct elf_probes *probes);

/* Why a site is refused, as a phrase; for ELF_SITE_NOP "ok". */
const char *elf_site_text(enum elf_site site);

/*
 * Finds a defined symbol in the dynamic, then in the full symbol table. *offset is UINT64_MAX for
 * one without a place in the file (.bss); either pointer may be NULL. -ENOENT: no such symbol,
 * otherwise as above.
 */
int elf_symbol_offset(int fd, const char *symbol, uint64_t *offset, uint64_t *address);

#endif
