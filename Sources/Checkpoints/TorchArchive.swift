/// A PyTorch checkpoint as `torch.save` has written it since version 1.6: a zip with a pickle `data.pkl` and one entry
/// of raw numbers for each storage (torch/serialization.py).
enum TorchArchive {
  static func read(_ bytes: [UInt8]) throws(CheckpointError) -> Checkpoint {
    let zip = try ZipArchive(bytes)
    let names = zip.compressedNames.union(zip.entries.keys)
    guard let pickleName = names.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) else {
      throw .unusable(
        "a zip without data.pkl, so not a PyTorch checkpoint; unpack it and give the file inside")
    }
    let folder = String(pickleName.dropLast("data.pkl".count))
    if names.contains(folder + "constants.pkl") || names.contains(where: { $0.hasPrefix(folder + "code/") }) {
      throw .unusable(
        "a TorchScript program, which has code in place of a table of weights; give the checkpoint that it was made of, or export it to ONNX"
      )
    }
    if let name = zip.compressedNames.min() {
      throw .unsupported(what: "the compressed zip entry '\(name)' (PyTorch stores its entries as they are)")
    }
    guard let pickled = zip[pickleName] else {
      throw .malformed(what: "zip directory", reason: "'\(pickleName)' is missing")
    }
    if let order = zip[folder + "byteorder"], !order.elementsEqual("little".utf8) {
      throw .unsupported(what: "a checkpoint from a big-endian machine")
    }
    let tensors = TorchTensors(pickle: try Pickle(pickled), fileSize: bytes.count) {
      zip[folder + "data/" + $0]
    }
    return try tensors.checkpoint()
  }
}
