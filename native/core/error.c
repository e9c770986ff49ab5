/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/error.h"

#include <errno.h>
#include <locale.h>
#include <stddef.h>
#include <string.h>

/* Our own, for only glibc, from 2.32 on, names them: strerrorname_np. */
#define N(name) [name] = #name
/* clang-format off */
static const char *const s_errnos[] = {
    N(EPERM), N(ENOENT), N(ESRCH), N(EINTR), N(EIO), N(ENXIO), N(E2BIG), N(ENOEXEC), N(EBADF),
    N(ECHILD), N(EAGAIN), N(ENOMEM), N(EACCES), N(EFAULT), N(ENOTBLK), N(EBUSY), N(EEXIST),
    N(EXDEV), N(ENODEV), N(ENOTDIR), N(EISDIR), N(EINVAL), N(ENFILE), N(EMFILE), N(ENOTTY),
    N(ETXTBSY), N(EFBIG), N(ENOSPC), N(ESPIPE), N(EROFS), N(EMLINK), N(EPIPE), N(EDOM), N(ERANGE),
    N(EDEADLK), N(ENAMETOOLONG), N(ENOLCK), N(ENOSYS), N(ENOTEMPTY), N(ELOOP), N(ENOMSG),
    N(EIDRM), N(ECHRNG), N(EL2NSYNC), N(EL3HLT), N(EL3RST), N(ELNRNG), N(EUNATCH), N(ENOCSI),
    N(EL2HLT), N(EBADE), N(EBADR), N(EXFULL), N(ENOANO), N(EBADRQC), N(EBADSLT), N(EBFONT),
    N(ENOSTR), N(ENODATA), N(ETIME), N(ENOSR), N(ENONET), N(ENOPKG), N(EREMOTE), N(ENOLINK),
    N(EADV), N(ESRMNT), N(ECOMM), N(EPROTO), N(EMULTIHOP), N(EDOTDOT), N(EBADMSG), N(EOVERFLOW),
    N(ENOTUNIQ), N(EBADFD), N(EREMCHG), N(ELIBACC), N(ELIBBAD), N(ELIBSCN), N(ELIBMAX),
    N(ELIBEXEC), N(EILSEQ), N(ERESTART), N(ESTRPIPE), N(EUSERS), N(ENOTSOCK), N(EDESTADDRREQ),
    N(EMSGSIZE), N(EPROTOTYPE), N(ENOPROTOOPT), N(EPROTONOSUPPORT), N(ESOCKTNOSUPPORT),
    N(EOPNOTSUPP), N(EPFNOSUPPORT), N(EAFNOSUPPORT), N(EADDRINUSE), N(EADDRNOTAVAIL), N(ENETDOWN),
    N(ENETUNREACH), N(ENETRESET), N(ECONNABORTED), N(ECONNRESET), N(ENOBUFS), N(EISCONN),
    N(ENOTCONN), N(ESHUTDOWN), N(ETOOMANYREFS), N(ETIMEDOUT), N(ECONNREFUSED), N(EHOSTDOWN),
    N(EHOSTUNREACH), N(EALREADY), N(EINPROGRESS), N(ESTALE), N(EUCLEAN), N(ENOTNAM), N(ENAVAIL),
    N(EISNAM), N(EREMOTEIO), N(EDQUOT), N(ENOMEDIUM), N(EMEDIUMTYPE), N(ECANCELED), N(ENOKEY),
    N(EKEYEXPIRED), N(EKEYREVOKED), N(EKEYREJECTED), N(EOWNERDEAD), N(ENOTRECOVERABLE),
    N(ERFKILL), N(EHWPOISON)
};
/* clang-format on */
#undef N

static const char *errno_name(int code) {
  const int count = sizeof s_errnos / sizeof *s_errnos;
  return code < 0 && code > -count ? s_errnos[-code] : NULL;
}

/* Of a known errno: in English, whatever the program's locale, and static. */
static const char *errno_text(int code) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant of the C library */
  return plain != (locale_t)0 ? strerror_l(-code, plain) : errno_name(code);
}

const char *zn_error_name(int code) {
  switch (code) {
#define ZN_ERROR_CASE(name, number, text)                                                          \
  case name:                                                                                       \
    return #name;
    ZN_ERROR_MAP(ZN_ERROR_CASE)
#undef ZN_ERROR_CASE
  }
  const char *name = errno_name(code);
  return name != NULL ? name : "EUNKNOWN";
}

const char *zn_error_text(int code) {
  switch (code) {
#define ZN_ERROR_CASE(name, number, text)                                                          \
  case name:                                                                                       \
    return text;
    ZN_ERROR_MAP(ZN_ERROR_CASE)
#undef ZN_ERROR_CASE
  }
  return errno_name(code) != NULL ? errno_text(code) : "unknown error";
}
