import Checkpoints
import Engine
import Foundation
import TestSupport
import Testing

@Suite(
  "Checkpoints of the authors", .computing,
  .sharedData("weights/yolox_nano.pth", "golden/training_nano.safetensors"))
struct RealFilesTests {
  private let onnx: Checkpoint
  private let torch: Checkpoint

  init() throws {
    onnx = try Checkpoint.open(SharedData.url("weights/yolox_nano.onnx").path)
    torch = try Checkpoint.open(SharedData.url("weights/yolox_nano.pth").path)
  }

  @Test("the .pth has every key and shape that the authors' code has")
  func keys() throws {
    struct Network: Decodable {
      let shapes: [String: [Int]]
      enum CodingKeys: String, CodingKey { case shapes = "state_dict" }
    }
    let golden = try JSONDecoder().decode(
      [String: Network].self, from: Fixture.data("Networks/state_dicts.json"))
    #expect(torch.format == .torch)
    #expect(torch.tensors.mapValues(\.shape) == golden["nano"]?.shapes)
  }

  /// Its convolutions in the order of the file's nodes.
  private var convolutions: [ExportedConvolution] {
    (onnx.network?.nodes ?? []).compactMap { node in
      if case .convolution(let convolution) = node.operation { convolution } else { nil }
    }
  }

  @Test("the ONNX file has 113 convolutions, a focus and a fixed input")
  func exported() throws {
    let network = try #require(onnx.network)
    #expect(onnx.format == .onnx)
    #expect(convolutions.count == 113 && network.predictions.count == 9)
    #expect(convolutions[0].weight.shape == [16, 12, 3, 3])
    #expect(network.image.shape == [1, 3, 416, 416] && network.image.step == 2)
    #expect(network.image.channels.map(\.channel) == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2])
    #expect(network.image.channels.allSatisfy { $0.scale == 1 && $0.offset == 0 })
  }

  @Test("unnormalised weights in the one are the other's with its BatchNorm multiplied in")
  func sameStem() throws {
    let folded = try #require(convolutions.first)
    let stem = "backbone.backbone.stem.conv"
    let weight = try #require(torch.tensors["\(stem).conv.weight"])
    let gamma = try #require(torch.tensors["\(stem).bn.weight"])
    let variance = try #require(torch.tensors["\(stem).bn.running_var"])
    let perChannel = weight.count / gamma.count
    let expected = weight.values.indices.map { index in
      let channel = index / perChannel
      return weight.values[index] * gamma.values[channel]
        / (variance.values[channel] + batchNormalizationEpsilon).squareRoot()
    }
    expectClose(folded.weight.values, expected, within: 1e-4, "stem")
  }

  @Test("reference outputs are safetensors with named float32 and int64 tensors")
  func safetensors() throws {
    let golden = try Checkpoint.open(SharedData.url("golden/training_nano.safetensors").path)
    #expect(golden.format == .safetensors)
    #expect(golden.tensors["images"]?.shape == [4, 3, 320, 320])
  }

  @Test(
    "cut off or changed anywhere, a file gives an error or a checkpoint, never a crash",
    arguments: [
      "weights/yolox_nano.onnx", "weights/yolox_nano.pth", "golden/forward_nano.safetensors",
    ])
  func damaged(file: String) throws {
    let whole = try SharedData.bytes(file)
    var generator = SplitMix64(seed: 11)
    for _ in 0..<60 {
      let length = Int.random(in: 0..<whole.count, using: &generator)
      _ = try? Checkpoint(Array(whole.prefix(length)), path: file)
    }
    for _ in 0..<60 {
      var damaged = whole
      // Headers and directories, where the sizes are, lie at the ends.
      for _ in 0..<8 {
        let near = Int.random(in: 0..<2000, using: &generator)
        let index = Bool.random(using: &generator) ? near : whole.count - 1 - near
        damaged[index] = .random(in: 0...255, using: &generator)
      }
      _ = try? Checkpoint(damaged, path: file)
    }
  }
}
