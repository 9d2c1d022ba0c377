#include "cudnn_api.h"

#include <utility>

namespace cudnn {

Api::Api() : library_({"libcudnn.so.9"}, "put cuDNN 9 on LD_LIBRARY_PATH (PyTorch's wheels have it in nvidia/cudnn/lib)") {
  int (*create)(void**);
  library_.find(create, "cudnnCreate");
  library_.find(destroy_, "cudnnDestroy");
  library_.find(version_, "cudnnGetVersion");
  library_.find(error_text, "cudnnGetErrorString");
  library_.find(create_descriptor, "cudnnBackendCreateDescriptor");
  library_.find(destroy_descriptor, "cudnnBackendDestroyDescriptor");
  library_.find(finalize, "cudnnBackendFinalize");
  library_.find(set_attribute, "cudnnBackendSetAttribute");
  library_.find(get_attribute, "cudnnBackendGetAttribute");
  library_.find(execute, "cudnnBackendExecute");
  if (int status = create(&handle_)) throw Missing(std::string("cuDNN does not start: ") + error_text(status));
}

Api::~Api() { destroy_(handle_); }

std::string Api::version() const {
  size_t v = version_();
  return std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100) + "." + std::to_string(v % 100);
}

Descriptor::Descriptor(const Api& api, DescriptorType type) : api_(&api) { check(api.create_descriptor(type, &descriptor_), "create a descriptor"); }

Descriptor::~Descriptor() {
  if (descriptor_) api_->destroy_descriptor(descriptor_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : api_(other.api_), descriptor_(std::exchange(other.descriptor_, nullptr)) {}

void Descriptor::set(AttributeName name, AttributeType type, int64_t count, const void* values) { check(api_->set_attribute(descriptor_, name, type, count, values), "set an attribute"); }

void Descriptor::finalize() { check(api_->finalize(descriptor_), "finalize"); }

int64_t Descriptor::get(AttributeName name, AttributeType type, int64_t room, void* values) const {
  int64_t count = 0;
  check(api_->get_attribute(descriptor_, name, type, room, &count, values), "get an attribute");
  return count;
}

void Descriptor::check(int status, const char* attempt) const {
  if (status) throw Refused(std::string("cuDNN cannot ") + attempt + ": " + api_->error_text(status));
}

}  // namespace cudnn
