"""The process that holds one served model: MLflow's own scoring server on a socket that the host opened.

``python model_worker_main.py SOCKET MODEL_URI``, started by model_workers. It ends with the host, however that ends:
its standard input is a pipe of which the host holds the other end.
"""

import os
import socket
import sys
import threading


def main() -> None:
    """Load the model and serve ``POST /invocations`` until the host is gone; its log says why it could not."""
    threading.Thread(target=_end_with_the_host, daemon=True).start()
    import mlflow.pyfunc
    import uvicorn
    from mlflow.pyfunc import scoring_server

    model = mlflow.pyfunc.load_model(sys.argv[2])
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(scoring_server.init(model), log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


def _end_with_the_host() -> None:
    # Not through sys.stdin, whose lock the interpreter wants when it ends by itself.
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
