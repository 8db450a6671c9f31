import Checkpoints
import Engine
import Foundation
import TestSupport
import Testing
import YOLOX

/// The made-up weights of the reference outputs: a number for each key and position, by splitmix64 over the key's FNV
/// hash (../shared/README.md, golden).
private struct GoldenNumbers {
  let gain: Double

  static func units(_ key: String, count: Int) -> [Double] {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a, 64 bits
    for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var generator = SplitMix64(seed: hash)
    return (0..<count).map { _ in Double(generator.next() >> 40) / Double(1 << 24) }
  }

  func tensor(_ key: String, shape: [Int]) -> Tensor {
    let units = GoldenNumbers.units(key, count: shape.reduce(1, *))
    let value: (Double) -> Double
    if shape.count == 4 {
      let isStem =
        key == "backbone.backbone.stem.conv.conv.weight" || key == "backbone.backbone.stem.0.conv.weight"
      let spread = gain * (isStem ? 1.0 / 64 : 1) * (3 / Double(shape[1] * shape[2] * shape[3])).squareRoot()
      value = { (2 * $0 - 1) * spread }
    } else if key.hasSuffix("bn.weight") || key.hasSuffix("running_var") {
      value = { 0.8 + 0.4 * $0 }
    } else if key.hasSuffix("running_mean") {
      value = { 0.2 * ($0 - 0.5) }
    } else {
      value = { 0.4 * ($0 - 0.5) }
    }
    return Tensor(shape: shape, values: units.map { Float(value($0)) })
  }
}

@Suite("Forward pass against the authors' code", .enabled(if: SharedData.isPresent, SharedData.missing))
struct ForwardTests {
  private struct Golden: Decodable { let gain: Double }

  @Test("raw and decoded predictions and the three feature maps, within 1e-3", arguments: Variant.allCases)
  func forward(variant: Variant) throws {
    let gains = try JSONDecoder().decode(
      [String: Golden].self, from: Data(try SharedData.bytes("golden/state_dicts.json")))
    let numbers = GoldenNumbers(gain: try #require(gains[variant.rawValue]).gain)
    let golden = try Checkpoint.open(
      SharedData.url("golden/forward_\(variant.rawValue).safetensors").path
    ).tensors
    let graph = Graph.yolox(variant.architecture, classCount: 80, exposingFeatures: true)
    var parameters: Parameters = [:]
    for (name, shape) in graph.parameterShapes { parameters[name] = numbers.tensor(name, shape: shape) }

    let (height, width, batch) = (64, 96, 2)
    let imageSize = 3 * height * width
    let pixels = GoldenNumbers.units("input", count: batch * imageSize).map {
      Float((256 * $0).rounded(.down))
    }
    let images = (0..<batch).map {
      Tensor(shape: [3, height, width], values: Array(pixels[$0 * imageSize..<($0 + 1) * imageSize]))
    }
    let plan = try Plan(graph, parameters: parameters, height: height, width: width)
    var executor = Executor(plan, capacity: batch, pool: WorkerPool(threads: 2))
    executor.run(images)

    for level in 0..<3 {
      let expected = try #require(golden["pan\(level)"])
      let actual = (0..<batch).flatMap { executor.dense("pan\(level)", image: $0) }
      expectClose(actual, expected.values, within: 1e-3, "\(variant.rawValue) pan\(level)")
    }
    let (raw, decoded) = predictions(of: executor, batch: batch)
    expectClose(raw, try #require(golden["raw"]).values, within: 1e-3, "\(variant.rawValue) raw")
    // Widths and heights are exponentials of the raw numbers, here up to 7e9: what the raw ones allow absolutely, these
    // allow relatively.
    let expected = try #require(golden["decoded"]).values
    let sizes = expected.map { max(1, abs($0)) }
    expectClose(
      zip(decoded, sizes).map(/), zip(expected, sizes).map(/), within: 1e-3, "\(variant.rawValue) decoded")
  }

  /// `[batch, anchors, 85]` as the authors' ONNX export gives them, before and after grid decoding.
  private func predictions(of executor: borrowing Executor, batch: Int) -> (raw: [Float], decoded: [Float]) {
    var raw: [Float] = []
    var decoded: [Float] = []
    for image in 0..<batch {
      for (level, stride) in Stride.levels.enumerated() {
        let box = executor.dense("box\(level)", image: image)
        let objectness = executor.dense("objectness\(level)", image: image)
        let classes = executor.dense("class\(level)", image: image)
        let (rows, columns) = (64 / stride, 96 / stride)
        let cells = rows * columns
        for cell in 0..<cells {
          let b = (0..<4).map { box[$0 * cells + cell] }
          let scores =
            [ReferenceOperators.apply(.sigmoid, to: objectness[cell])]
            + (0..<80).map { ReferenceOperators.apply(.sigmoid, to: classes[$0 * cells + cell]) }
          raw += b + scores
          let scale = Float(stride)
          decoded += [
            (b[0] + Float(cell % columns)) * scale, (b[1] + Float(cell / columns)) * scale,
            exp(b[2]) * scale, exp(b[3]) * scale,
          ]
          decoded += scores
        }
      }
    }
    return (raw, decoded)
  }
}
