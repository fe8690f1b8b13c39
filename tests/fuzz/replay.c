/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces libFuzzer for other compilers: runs the target once with each file of the given folders.
 * */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX 1048576

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* replay: copies the bytes to a buffer of their exact size, for AddressSanitizer. */
static void replay(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    uint8_t *room = malloc(BYTES_MAX), *bytes;
    if (file == NULL || room == NULL) {
        perror(path);
        exit(1);
    }
    size_t n = fread(room, 1, BYTES_MAX, file);
    bytes = realloc(room, n > 0 ? n : 1);
    LLVMFuzzerTestOneInput(bytes, n);
    free(bytes);
    fclose(file);
}

int main(int argc, char **argv)
{
    int all = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        int n = scandir(argv[i], &entries, is_seed, alphasort);
        for (int k = 0; k < n; k++) {
            replay(argv[i], entries[k]->d_name);
            free(entries[k]);
        }
        all += n;
        free(entries);
    }
    printf("%d inputs\n", all);
    return all > 0 ? 0 : 1;
}
