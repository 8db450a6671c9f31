import COCO
import Engine
import YOLOX

/// Evaluates weights as they are served: with the inference engine and COCO's metrics.
package struct Evaluation {
  package let dataset: DetectionDataset

  /// - Parameter dataset: with the classes of the weights (``DetectionDataset/matched(to:)``).
  package init(dataset: DetectionDataset) { self.dataset = dataset }

  /// Detections in each image of the data set, boxes in pixels of the image. Images that cannot be decoded have none;
  /// ``accumulated(_:)`` leaves them out.
  ///
  /// - Parameter progress: called after each image with the number of images done; may throw to end the evaluation.
  package func detections(
    _ weights: PretrainedWeights, pool: WorkerPool, progress: (Int) throws -> Void = { _ in }
  ) throws -> [[Detection]] {
    guard weights.labels == dataset.labels else {
      throw TrainingError.unusableData(
        path: dataset.entries.first?.path ?? "",
        reason: "the classes \(dataset.labels) are not those of the weights, \(weights.labels)")
    }
    var predictor = Predictor(try Model(weights), pool: pool)
    var detections: [[Detection]] = []
    for index in dataset.entries.indices {
      let image = try? dataset.image(index)
      detections.append(image.map { predictor.detect($0, options: .evaluation) } ?? [])
      try progress(index + 1)
    }
    return detections
  }

  package func accumulated(_ detections: [[Detection]]) -> PrecisionRecall {
    let damaged = dataset.damagedImageIDs
    let categoryIDs = dataset.annotations.categoryIDs
    let rows = zip(dataset.entries, detections).flatMap { entry, found in
      found.map { detection in
        DetectionRecord(
          imageID: entry.imageID, categoryID: categoryIDs[detection.classID], box: detection.box.bbox,
          score: Double(detection.score))
      }
    }
    let annotations =
      damaged.isEmpty
      ? dataset.annotations
      : Annotations(
        images: dataset.annotations.images.filter { !damaged.contains($0.id) },
        categories: dataset.annotations.categories,
        objects: dataset.annotations.objects.filter { !damaged.contains($0.imageID) })
    return Evaluator(annotations: annotations, results: rows).accumulated()
  }

  package func callAsFunction(
    _ weights: PretrainedWeights, pool: WorkerPool, progress: (Int) throws -> Void = { _ in }
  ) throws -> Summary {
    Summary(accumulated(try detections(weights, pool: pool, progress: progress)))
  }
}
