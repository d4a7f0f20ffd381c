/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/printable.h"

#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static locale_t utf8_locale;

static void open_locale(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* What glibc knows of characters it tells by locale; the process's own may be "C". */
static locale_t enter_utf8(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_locale);
	return utf8_locale ? uselocale(utf8_locale) : uselocale((locale_t)0);
}

/* Bytes of the next character, at least 1; *character is WEOF where they are not a character. */
static size_t next_character(const char *bytes, size_t length, wint_t *character)
{
	mbstate_t state = { 0 };
	wchar_t wide = 0;
	size_t used = mbrtowc(&wide, bytes, length, &state);

	*character = WEOF;
	if (used == (size_t)-1 || used == (size_t)-2)
		return 1;
	*character = (wint_t)wide;
	return used ? used : 1;
}

/* Characters that have a width, or none, and yet change where others appear (Unicode UAX 9, 14). */
static bool rearranges(wint_t character)
{
	return character == 0x061c || character == 0x200e || character == 0x200f ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x206f) || character == 0xfeff ||
	       (character >= 0xfff9 && character <= 0xfffb) ||
	       (character >= 0xe0000 && character <= 0xe007f);
}

size_t printable_escape(char *out, size_t size, const char *bytes, size_t length)
{
	locale_t before = enter_utf8();
	size_t written = 0;
	size_t position = 0;

	while (position < length) {
		wint_t character;
		size_t used = next_character(bytes + position, length - position, &character);
		const char *piece = bytes + position;
		size_t piece_length = used;
		char escape[16];

		if (character == WEOF || character < 0x20 || character == 0x7f) {
			piece_length = (size_t)snprintf(escape, sizeof(escape), "\\x%02x",
							(unsigned char)bytes[position]);
			piece = escape;
		} else if (rearranges(character) || wcwidth((wchar_t)character) < 0) {
			piece_length = (size_t)snprintf(escape, sizeof(escape), "\\u%04x",
							(unsigned int)character);
			piece = escape;
		}
		if (piece_length >= size - written)
			break;
		memcpy(out + written, piece, piece_length);
		written += piece_length;
		position += used;
	}
	out[written] = '\0';
	uselocale(before);
	return written;
}

static size_t measure(const char *text, size_t length, size_t columns, size_t *width)
{
	locale_t before = enter_utf8();
	size_t position = 0;

	*width = 0;
	while (position < length) {
		wint_t character;
		size_t used = next_character(text + position, length - position, &character);
		int wide = character == WEOF ? 1 : wcwidth((wchar_t)character);

		if (wide > 0) {
			if (*width + (size_t)wide > columns)
				break;
			*width += (size_t)wide;
		}
		position += used;
	}
	uselocale(before);
	return position;
}

size_t printable_width(const char *text, size_t length)
{
	size_t width;

	measure(text, length, (size_t)-1, &width);
	return width;
}

size_t printable_cut(const char *text, size_t length, size_t columns)
{
	size_t width;

	return measure(text, length, columns, &width);
}
