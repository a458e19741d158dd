// SPDX-License-Identifier: Apache-2.0
#include "net/tls/bulk_gcm.h"

// Its old names are names of BoringSSL, too.
#define NO_COMPAT_IMB_API_053

#include <dlfcn.h>
#include <intel-ipsec-mb.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "net/tls/boringssl.h"

namespace fairway::net {
namespace {

// The library's functions for one length of key. They keep no state.
struct Functions {
  aes_gcm_pre_t expand = nullptr;
  aes_gcm_init_t begin = nullptr;
  aes_gcm_enc_dec_update_t encrypt = nullptr;
  aes_gcm_enc_dec_update_t decrypt = nullptr;
  aes_gcm_enc_dec_finalize_t finish_encrypt = nullptr;
  aes_gcm_enc_dec_finalize_t finish_decrypt = nullptr;
};

struct Library {
  bool available = false;
  Functions aes128;
  Functions aes256;
};

// Without these it is slower than BoringSSL.
constexpr uint64_t kNeededFeatures =
    IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ | IMB_FEATURE_AVX2;

template <typename Function>
Function* Find(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

// The header's major version is that of the library's ABI.
Library Load() {
  Library loaded;
  const std::string name =
      absl::StrCat("libIPSec_MB.so.", IMB_VERSION_NUM >> 16);
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return loaded;
  auto* allocate = Find<decltype(alloc_mb_mgr)>(library, "alloc_mb_mgr");
  auto* free = Find<decltype(free_mb_mgr)>(library, "free_mb_mgr");
  auto* init = Find<decltype(init_mb_mgr_auto)>(library, "init_mb_mgr_auto");
  IMB_MGR* manager = nullptr;
  if (allocate != nullptr && free != nullptr && init != nullptr) {
    manager = allocate(0);
  }
  if (manager == nullptr) {
    dlclose(library);
    return loaded;
  }
  IMB_ARCH architecture = IMB_ARCH_NONE;
  init(manager, &architecture);
  loaded.available = manager->imb_errno == 0 &&
                     (manager->features & kNeededFeatures) == kNeededFeatures;
  loaded.aes128 = {manager->gcm128_pre,          manager->gcm128_init,
                   manager->gcm128_enc_update,   manager->gcm128_dec_update,
                   manager->gcm128_enc_finalize, manager->gcm128_dec_finalize};
  loaded.aes256 = {manager->gcm256_pre,          manager->gcm256_init,
                   manager->gcm256_enc_update,   manager->gcm256_dec_update,
                   manager->gcm256_enc_finalize, manager->gcm256_dec_finalize};
  // 200 KB that its functions do not need.
  free(manager);
  if (!loaded.available) dlclose(library);
  return loaded;
}

const Library& TheLibrary() {
  static const Library library = Load();
  return library;
}

const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

struct alignas(64) BulkGcm::State {
  gcm_key_data key;
  gcm_context_data message;
  const Functions* functions = nullptr;
};

bool BulkGcm::Available() { return TheLibrary().available; }

BulkGcm::BulkGcm(absl::string_view key) : state_(std::make_unique<State>()) {
  const Library& library = TheLibrary();
  state_->functions = key.size() == 16 ? &library.aes128 : &library.aes256;
  state_->functions->expand(key.data(), &state_->key);
}

BulkGcm::~BulkGcm() {
  OPENSSL_cleanse(&state_->key, sizeof(state_->key));
  OPENSSL_cleanse(&state_->message, sizeof(state_->message));
}

void BulkGcm::Begin(const Nonce& nonce, absl::string_view additional) {
  state_->functions->begin(&state_->key, &state_->message, nonce.data(),
                           Bytes(additional), additional.size());
}

void BulkGcm::Encrypt(absl::string_view in, char* out) {
  if (in.empty()) return;
  state_->functions->encrypt(&state_->key, &state_->message,
                             reinterpret_cast<uint8_t*>(out), Bytes(in),
                             in.size());
}

void BulkGcm::Decrypt(absl::string_view in, char* out) {
  if (in.empty()) return;
  state_->functions->decrypt(&state_->key, &state_->message,
                             reinterpret_cast<uint8_t*>(out), Bytes(in),
                             in.size());
}

BulkGcm::Tag BulkGcm::FinishEncrypt() {
  Tag tag;
  state_->functions->finish_encrypt(&state_->key, &state_->message, tag.data(),
                                    tag.size());
  return tag;
}

BulkGcm::Tag BulkGcm::FinishDecrypt() {
  Tag tag;
  state_->functions->finish_decrypt(&state_->key, &state_->message, tag.data(),
                                    tag.size());
  return tag;
}

}  // namespace fairway::net
