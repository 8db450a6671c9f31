import Engine

/// Writes weights as `torch.save({"model": state_dict, "start_epoch": n, "class_names": [...]}, path)` would, so that
/// the authors' code can read `torch.load(path)["model"]`. The layout is that of torch/serialization.py: a
/// zip with a pickle and an entry of raw numbers for each tensor.
package enum TorchCheckpoint {
  /// Replaces the file atomically.
  ///
  /// - Parameter names: the tensors to write, in the order of the state_dict.
  package static func write(
    _ parameters: Parameters, in names: [String], labels: [String], epoch: Int, to path: String
  ) throws(CheckpointError) {
    var zip = ZipWriter()
    var pickle = PickleWriter()
    var storages: [[UInt8]] = []

    pickle.dictionary {
      $0.text("model")
      $0.orderedDictionary { pickle in
        for name in names {
          guard let tensor = parameters[name] else { continue }
          pickle.text(name)
          pickle.tensor(storage: storages.count, type: "FloatStorage", shape: tensor.shape)
          storages.append(tensor.values.withUnsafeBytes(Array.init))
          guard name.hasSuffix(".running_var") else { continue }
          // PyTorch stores a batch counter after the statistics; it is unused where momentum is given.
          pickle.text(name.dropLast("running_var".count) + "num_batches_tracked")
          pickle.tensor(storage: storages.count, type: "LongStorage", shape: [])
          storages.append([UInt8](repeating: 0, count: 8))
        }
      }
      $0.text("start_epoch")
      $0.integer(epoch)
      $0.text("class_names")
      $0.list { pickle in for label in labels { pickle.text(label) } }
    }
    zip.add("archive/data.pkl", pickle.finished())
    zip.add("archive/byteorder", Array("little".utf8))
    for (index, storage) in storages.enumerated() { zip.add("archive/data/\(index)", storage) }
    zip.add("archive/version", Array("3\n".utf8))
    try AtomicFile.replace(path, with: zip.finished())
  }
}
