#include "tests/core/http/certificates.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace sidelight::http {
namespace {

std::string Text(BIO* bio) {
  char* bytes = nullptr;
  const long n = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<size_t>(n));
  BIO_free(bio);
  return text;
}

std::string Pem(X509* certificate) {
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  return Text(bio);
}

void AddExtension(X509* to, int nid, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(to, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Authority::Authority()
    : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free),
      certificate_(Make({.names = "", .common_name = "test authority"}, key_.get(), true)) {}

Authority::Certificate Authority::Make(const Wish& wish, EVP_PKEY* key, bool is_authority) const {
  Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  int64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(made.get()), serial & INT64_MAX);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.begins);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.ends);
  X509_set_pubkey(made.get(), key);
  X509_NAME* const name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), is_authority ? name : X509_get_subject_name(certificate_.get()));
  if (is_authority) AddExtension(made.get(), NID_basic_constraints, "critical,CA:TRUE");
  if (!wish.names.empty()) AddExtension(made.get(), NID_subject_alt_name, wish.names);
  EXPECT_GT(X509_sign(made.get(), key_.get(), EVP_sha256()), 0);
  return made;
}

std::string Authority::certificate() const {
  return Pem(certificate_.get());
}

Authority::Issued Authority::Issue(const Wish& wish) const {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  Issued issued;
  issued.certificate = Pem(Make(wish, key.get(), false).get());
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  issued.key = Text(bio);
  return issued;
}

}  // namespace sidelight::http
