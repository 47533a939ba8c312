/* SPDX-License-Identifier: MIT */
/*
 * What an address is called, by the table of symbols in the file that it was loaded from; there static names
 * are too, unless the file was stripped. Lines are for addr2line, which takes the numbers that are told here.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* dl_iterate_phdr */
#endif
#include "sim_tsan.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the address is in: the program, or what it has loaded. */
typedef struct ti_image {
    uintptr_t address;
    uintptr_t moved; /* how far from where the file has it */
    const char *path;
} ti_image;

typedef struct ti_file {
    const char *bytes;
    size_t size;
} ti_file;

/* ---- the file ---- */

static int ti_image_is_it(struct dl_phdr_info *info, size_t size, void *argument)
{
    ti_image *image = (ti_image *)argument;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || image->address - info->dlpi_addr - part->p_vaddr >= part->p_memsz)
            continue;
        image->moved = info->dlpi_addr;
        image->path = info->dlpi_name;
        return 1;
    }
    return 0;
}

static bool ti_image_find(const void *address, ti_image *image)
{
    image->address = (uintptr_t)address;
    return dl_iterate_phdr(ti_image_is_it, image) != 0;
}

/* "bank"; the program itself has no name here. */
static void ti_image_name(const ti_image *image, char *text, size_t size)
{
    char path[512];
    const char *name = image->path;
    if (name[0] == '\0') {
        ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
        path[length > 0 ? length : 0] = '\0';
        name = path;
    }
    const char *slash = strrchr(name, '/');
    (void)snprintf(text, size, "%.40s", slash != NULL ? slash + 1 : name);
}

/* The last one is kept, which mostly is the program. Without bytes: it cannot be read. */
static ti_file ti_file_of(const ti_image *image)
{
    static ti_file file;
    static const char *path;
    struct stat state;
    if (path == image->path)
        return file;
    if (file.bytes != NULL)
        (void)munmap((void *)(uintptr_t)file.bytes, file.size);
    file = (ti_file){NULL, 0};
    path = image->path;
    int descriptor = open(path[0] != '\0' ? path : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0 && fstat(descriptor, &state) == 0) {
        void *bytes = mmap(NULL, (size_t)state.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (bytes != MAP_FAILED)
            file = (ti_file){(const char *)bytes, (size_t)state.st_size};
    }
    if (descriptor >= 0)
        (void)close(descriptor);
    return file;
}

/* ---- its symbols ---- */

static bool ti_is_in_file(const ti_file *file, uint64_t offset, uint64_t size)
{
    return offset <= file->size && size <= file->size - offset;
}

/* NULL: there is none of that kind, or the file is none that the system could have loaded. */
static const ElfW(Shdr) * ti_section_find(const ti_file *file, uint32_t type)
{
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)(const void *)file->bytes;
    if (!ti_is_in_file(file, 0, sizeof *header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        !ti_is_in_file(file, header->e_shoff, (uint64_t)header->e_shnum * sizeof(ElfW(Shdr))))
        return NULL;
    const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(const void *)(file->bytes + header->e_shoff);
    for (uint32_t i = 0; i < header->e_shnum; i++) {
        const ElfW(Shdr) *found = &sections[i];
        if (found->sh_type == type && ti_is_in_file(file, found->sh_offset, found->sh_size) &&
            found->sh_link < header->e_shnum &&
            ti_is_in_file(file, sections[found->sh_link].sh_offset, sections[found->sh_link].sh_size))
            return found;
    }
    return NULL;
}

static const ElfW(Sym) * ti_symbol_find(const ti_file *file, const ElfW(Shdr) * table, uintptr_t at)
{
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)(const void *)(file->bytes + table->sh_offset);
    for (size_t i = 0; i < table->sh_size / sizeof *symbols; i++) {
        unsigned type = symbols[i].st_info & 0xFU;
        if ((type == STT_OBJECT || type == STT_FUNC) && symbols[i].st_shndx != SHN_UNDEF &&
            at - symbols[i].st_value < symbols[i].st_size)
            return &symbols[i];
    }
    return NULL;
}

/* NULL: none is known. `behind` is how many bytes behind its beginning the address is. */
static const char *ti_symbol_name(const ti_image *image, uintptr_t *behind)
{
    ti_file file = ti_file_of(image);
    const ElfW(Shdr) *table = file.bytes != NULL ? ti_section_find(&file, SHT_SYMTAB) : NULL;
    if (table == NULL && file.bytes != NULL)
        table = ti_section_find(&file, SHT_DYNSYM);
    if (table == NULL)
        return NULL;
    const ElfW(Sym) *symbol = ti_symbol_find(&file, table, image->address - image->moved);
    if (symbol == NULL)
        return NULL;
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)(const void *)file.bytes;
    const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(const void *)(file.bytes + header->e_shoff);
    *behind = image->address - image->moved - symbol->st_value;
    return file.bytes + sections[table->sh_link].sh_offset + symbol->st_name;
}

/* ---- in words ---- */

/* "balance", "accounts+8"; "bank+0x4010" where nothing has a name. */
static bool ti_tell_data(const void *address, char *text, size_t size)
{
    ti_image image;
    char file[44];
    uintptr_t behind = 0;
    if (!ti_image_find(address, &image))
        return false;
    const char *name = ti_symbol_name(&image, &behind);
    if (name != NULL && behind == 0)
        (void)snprintf(text, size, "%s", name);
    else if (name != NULL)
        (void)snprintf(text, size, "%s+%llu", name, (unsigned long long)behind);
    else {
        ti_image_name(&image, file, sizeof file);
        (void)snprintf(text, size, "%s+0x%llx", file, (unsigned long long)(image.address - image.moved));
    }
    return true;
}

/* "deposit (bank+0x1234)", of which addr2line makes a line: addr2line -fie bank 0x1234 */
static bool ti_tell_code(const void *code, char *text, size_t size)
{
    ti_image image;
    char file[44];
    uintptr_t behind = 0;
    if (!ti_image_find(code, &image))
        return false;
    const char *name = ti_symbol_name(&image, &behind);
    ti_image_name(&image, file, sizeof file);
    (void)snprintf(text, size, "%.50s%s%s+0x%llx%s", name != NULL ? name : "", name != NULL ? " (" : "", file,
                   (unsigned long long)(image.address - image.moved), name != NULL ? ")" : "");
    return true;
}

void ti_tsan_symbol_init(void)
{
    ti_sim_tell_data = ti_tell_data;
    ti_sim_tell_code = ti_tell_code;
}
