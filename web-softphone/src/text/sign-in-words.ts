// Texts about proving who one is: stepping up, second factors, invitations, the page of one's own security.

const en = {
  stepUp: {
    title: 'Is it still you?',
    lead: 'What you are about to do is protected. Prove that it is you; that then counts for five minutes.',
    password: 'Your password',
    code: 'Code from your authenticator app',
    usePasskey: 'Use your passkey',
    useCode: 'Use a code instead',
    proceed: 'Go on',
    cancel: 'Cancel',
    wrong: 'That is not right. Check it and try again.',
    passkeyFailed: 'The passkey was not accepted. Try again, or use another way.',
    busy: 'One moment …',
  },
};

export const signInWordsEn = en;

export const signInWordsJa: typeof en = {
  stepUp: {
    title: 'ご本人の確認',
    lead: 'これから行う操作は保護されています。ご本人であることを確認してください。確認は5分間有効です。',
    password: 'パスワード',
    code: '認証アプリの確認コード',
    usePasskey: 'パスキーを使う',
    useCode: '確認コードを使う',
    proceed: '続ける',
    cancel: 'キャンセル',
    wrong: '入力が正しくありません。確認して、もう一度お試しください。',
    passkeyFailed: 'パスキーを確認できませんでした。もう一度試すか、ほかの方法を選んでください。',
    busy: '確認しています …',
  },
};
