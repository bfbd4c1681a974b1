// A button that opens a dialog over the page. Escape, a press beside it, or `close` end it.

import type { ReactNode } from 'react';
import { Dialog, DialogTrigger, Modal, ModalOverlay } from 'react-aria-components';

interface DialogFromProps {
  /** The button. */
  trigger: ReactNode;
  children(close: () => void): ReactNode;
}

export function DialogFrom({ trigger, children }: DialogFromProps) {
  return (
    <DialogTrigger>
      {trigger}
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog className="dialog">{({ close }) => children(close)}</Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
