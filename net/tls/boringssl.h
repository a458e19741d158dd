// SPDX-License-Identifier: Apache-2.0
// The one way to BoringSSL's headers: OpenSSL's may be installed beside them,
// and mixing the two compiles and then breaks at run time.
#ifndef NET_TLS_BORINGSSL_H_
#define NET_TLS_BORINGSSL_H_

#include <openssl/base.h>

#ifndef OPENSSL_IS_BORINGSSL
#error "OpenSSL's headers were found instead of BoringSSL's"
#endif

#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hkdf.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/stack.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#endif  // NET_TLS_BORINGSSL_H_
