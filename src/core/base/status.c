/* SPDX-License-Identifier: MIT */
/* The names and messages of the statuses, made from the header's one list. */
#include "port.h"

static const struct {
    const char *name;
    const char *message;
} ti_status_texts[] = {
#define TI_STATUS_TEXT(name, message) {"THREADING_" #name, message},
    THREADING_STATUS_LIST(TI_STATUS_TEXT)
#undef TI_STATUS_TEXT
};

/* As an unsigned number, so that a negative value is too large as well. */
static bool ti_status_is_known(threading_status_t status)
{
    return (unsigned int)status < THREADING_STATUS_COUNT;
}

const char *threading_status_name(threading_status_t status)
{
    return ti_status_is_known(status) ? ti_status_texts[status].name : "THREADING_UNKNOWN";
}

const char *threading_status_message(threading_status_t status)
{
    return ti_status_is_known(status) ? ti_status_texts[status].message : "not a status of this library";
}
