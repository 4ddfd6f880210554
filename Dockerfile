# inkdigits in a container: reads images, or serves a page that does. No training framework, no compiler, no root.
#
#   docker build --tag inkdigits .
#   docker run --rm --network none --volume "$PWD/scans:/scans:ro" inkdigits read /scans --format csv
#   docker run --rm --publish 127.0.0.1:8000:8000 inkdigits serve --host 0.0.0.0

FROM python:3.11-slim AS build
WORKDIR /checkout
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN python -m venv --without-pip /opt/inkdigits
RUN pip --python /opt/inkdigits install --no-cache-dir --constraint constraints.txt '.[pdf,serve,store]'

FROM python:3.11-slim
COPY --from=build /opt/inkdigits /opt/inkdigits
ENV PATH=/opt/inkdigits/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --create-home reader
USER reader
WORKDIR /home/reader
EXPOSE 8000
ENTRYPOINT ["inkdigits"]
CMD ["--help"]
