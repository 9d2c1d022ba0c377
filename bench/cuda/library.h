// Functions of a shared library that may be missing: the program builds without CUDA and says at run time what it lacks.
#pragma once
#include <dlfcn.h>

#include <initializer_list>
#include <stdexcept>
#include <string>

/// A part of the machine that is not there; one line says which and what to do.
struct Missing : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Library {
 public:
  /// Opens the first of the names that is found. Throws Missing.
  Library(std::initializer_list<const char*> names, const std::string& advice) : name_(*names.begin()) {
    for (const char* name : names)
      if (!handle_ && (handle_ = dlopen(name, RTLD_NOW | RTLD_GLOBAL))) name_ = name;
    if (!handle_) throw Missing(name_ + " was not found (" + dlerror() + "); " + advice);
  }

  template <typename Function>
  void find(Function*& function, const char* symbol) const {
    function = reinterpret_cast<Function*>(dlsym(handle_, symbol));
    if (!function) throw Missing(name_ + " has no function " + symbol + "; another version is needed");
  }

 private:
  std::string name_;
  void* handle_ = nullptr;
};
