import Engine
import Foundation
import TestSupport
import Testing

@Suite("Activations of extreme numbers, on every instruction set", .computing)
struct NumericEdgesTests {
  private static let sets = InstructionSet.available.map(\.name)

  /// `activation` of each number, alone in its map: a 1x1 convolution of one channel with the weight 1 before it.
  private func apply(_ activation: Activation, to numbers: [Float], set: String) throws -> [Float] {
    var builder = GraphBuilder()
    let image = builder.input(channels: 1)
    let copy = builder.convolution("copy", image, to: 1, kernel: 1, bias: false)
    builder.output("y", builder.activation(activation, copy))
    let plan = try Plan(
      builder.build(), parameters: ["copy.weight": Tensor(shape: [1, 1, 1, 1], values: [1])], height: 1,
      width: numbers.count, options: PlanOptions(instructionSet: set))
    var executor = Executor(plan, pool: WorkerPool(threads: 1))
    executor.run([Tensor(shape: [1, 1, numbers.count], values: numbers)])
    return executor.dense("y")
  }

  private func exact(_ activation: Activation, _ number: Float) -> Double {
    let x = Double(number)
    return switch activation {
    case .silu: x / (1 + exp(-x))
    case .sigmoid: 1 / (1 + exp(-x))
    case .relu: max(x, 0)
    case .leakyReLU: max(x, 0.1 * x)
    case .relu6: min(max(x, 0), 6)
    case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
    }
  }

  private static let activations: [Activation] = [.silu, .sigmoid, .relu, .leakyReLU, .relu6, .hardSwish]

  @Test("finite numbers up to 2^100 give the exact result within rounding", arguments: sets, activations)
  func finite(set: String, activation: Activation) throws {
    let magnitudes: [Float] = [
      0, .leastNonzeroMagnitude, .leastNormalMagnitude, 1e-20, 1e-3, 0.5, 1, 6, 15.9, 16, 60, 86.9, 87, 88,
      89,
      103, 124, 125, 1e3, 1e6, 1e10, 1e20, 0x1p100,
    ]
    let numbers = magnitudes + magnitudes.map { -$0 }
    for (number, result) in zip(numbers, try apply(activation, to: numbers, set: set)) {
      let expected = exact(activation, number)
      #expect(
        abs(Double(result) - expected) <= 1e-6 * max(1, abs(expected)),
        "\(activation) of \(number): \(result)")
    }
  }

  @Test("numbers beyond it keep their sign and never become a result of ordinary size", arguments: sets)
  func huge(set: String) throws {
    let huge: [Float] = [0x1p110, 1e38, .greatestFiniteMagnitude, .infinity]
    for activation in [Activation.relu, .leakyReLU, .hardSwish] {
      #expect(try apply(activation, to: huge, set: set) == huge, "\(activation)")
    }
    #expect(try apply(.relu6, to: huge, set: set).allSatisfy { $0 == 6 })
    #expect(try apply(.sigmoid, to: huge, set: set).allSatisfy { $0 == 1 })
    // SiLU multiplies by log2 e, which overflows, and infinity may become NaN; both are visible as not finite.
    for (number, result) in zip(huge, try apply(.silu, to: huge, set: set)) {
      #expect(!result.isFinite || abs(result / number - 1) < 1e-6, "SiLU of \(number): \(result)")
    }
  }

  @Test("NaN gives the same on every instruction set", arguments: activations)
  func notANumber(activation: Activation) throws {
    for set in NumericEdgesTests.sets {
      let result = try apply(activation, to: [.nan], set: set)[0]
      switch activation {
      case .silu, .leakyReLU: #expect(result.isNaN, "\(set): \(result)")
      case .relu, .relu6: #expect(result == 0, "\(set): \(result)")
      case .sigmoid: #expect(result == 1, "\(set): \(result)")
      case .hardSwish: #expect(result.isNaN, "\(set): \(result)")
      }
    }
  }
}
