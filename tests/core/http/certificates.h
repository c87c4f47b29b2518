// Certificates for tests, made when they are needed: nothing in the tree expires.
#pragma once

#include <openssl/x509.h>

#include <memory>
#include <string>

namespace sidelight::http {

class Authority {
 public:
  struct Wish {
    std::string names = "DNS:localhost,IP:127.0.0.1";  // as OpenSSL writes subjectAltName
    std::string common_name = "test";
    int begins = -3600;  // seconds from now
    int ends = 3600;
  };
  struct Issued {
    std::string certificate;  // PEM
    std::string key;          // PEM
  };

  Authority();
  // Its own certificate, PEM.
  std::string certificate() const;
  Issued Issue(const Wish& wish) const;
  Issued Issue() const { return Issue(Wish()); }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  Certificate Make(const Wish& wish, EVP_PKEY* key, bool is_authority) const;

  Key key_;
  Certificate certificate_;
};

}  // namespace sidelight::http
